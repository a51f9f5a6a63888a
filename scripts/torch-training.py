#!/usr/bin/env python3
"""Samples per CPU second of PyTorch's training step (bench/train.ts runs it): arguments: net, threads, batch, seconds.

The networks are those of bench/support/training-nets.ts.
"""
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, kernel, stride=1, padding=0, groups=1, relu=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


def separable(inputs, outputs, stride=1):
    return nn.Sequential(conv(inputs, inputs, 3, stride, 1, groups=inputs), conv(inputs, outputs, 1))


def head(channels, classes):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.long = nn.Sequential(conv(inputs, outputs, 3, stride, 1), conv(outputs, outputs, 3, 1, 1, relu=False))
        self.short = nn.Identity() if stride == 1 else conv(inputs, outputs, 1, stride, relu=False)

    def forward(self, x):
        return F.relu(self.long(x) + self.short(x))


def lenet():
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10)), (1, 28, 28), 10


def dscnn():
    first = [nn.ZeroPad2d((1, 1, 4, 5)), conv(1, 64, (10, 4), 2)]
    return nn.Sequential(*first, *[separable(64, 64) for _ in range(4)], *head(64, 12)), (1, 49, 10), 12


def resnet8():
    blocks = [Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)]
    return nn.Sequential(conv(3, 16, 3, 1, 1), *blocks, *head(64, 10)), (3, 32, 32), 10


def mobilenet():
    layers, inputs = [conv(3, 8, 3, 2, 1)], 8
    steps = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + [(128, 1)] * 5 + [(256, 2), (256, 1)]
    for outputs, stride in steps:
        layers.append(separable(inputs, outputs, stride))
        inputs = outputs
    return nn.Sequential(*layers, *head(256, 2)), (3, 96, 96), 2


nets = {"lenet": lenet, "dscnn": dscnn, "resnet8": resnet8, "mobilenet": mobilenet}
threads, batch, seconds = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(1)
net, shape, classes = nets[sys.argv[1]]()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
x, y = torch.rand(batch, *shape), torch.randint(classes, (batch,))
cpu = []
end = time.time() + seconds
while time.time() < end or len(cpu) < 8:
    start = time.process_time()
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
    cpu.append(time.process_time() - start)
print(json.dumps({
    "torch": torch.__version__,
    "perCpuSecond": batch / statistics.median(cpu[3:]),
}))
