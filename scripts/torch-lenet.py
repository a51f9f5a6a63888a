#!/usr/bin/env python3
"""Samples per CPU second of PyTorch's LeNet training step (bench/train.ts runs it): arguments: threads, batch, seconds."""
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

threads, batch, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 32, 3), torch.nn.ReLU(), torch.nn.Conv2d(32, 64, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Linear(9216, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
x, y = torch.rand(batch, 1, 28, 28), torch.randint(10, (batch,))
cpu, wall = [], []
end = time.time() + seconds
while time.time() < end or len(cpu) < 8:
    c, w = time.process_time(), time.perf_counter()
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
    cpu.append(time.process_time() - c)
    wall.append(time.perf_counter() - w)
print(json.dumps({
    "torch": torch.__version__,
    "perCpuSecond": batch / statistics.median(cpu[3:]),
    "perSecond": batch / statistics.median(wall[3:]),
}))
