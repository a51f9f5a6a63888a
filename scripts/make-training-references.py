#!/usr/bin/env python3
"""Writes test/evaluators/train/references.json: outputs, losses and gradients that PyTorch computes for small graphs, and the weights
after a few steps of each optimizer. Needs torch (the committed file was made with the version it names); run from the repository root.
"""
import base64
import json
import pathlib

import torch
import torch.nn.functional as F

BATCH = 3
OUT = pathlib.Path("test/evaluators/train/references.json")


def pack(t):
    return {"shape": list(t.shape), "data": base64.b64encode(t.detach().contiguous().float().numpy().tobytes()).decode()}


class Case:
    """A graph in the project's representation next to the same computation in torch."""

    def __init__(self, name, sample, scale=1.0):
        self.name, self.nodes, self.initializers, self.parameters = name, [], {}, {}
        self.x = torch.randn(BATCH, *sample) * scale
        self.sample = sample
        # The offset p makes the gradient of the input visible.
        self.p = self.weight("p", [1, *sample], 0.1)
        self.value = self.node({"kind": "Binary", "fn": "Add"}, ["x", "p"], [1, *sample])
        self.t = self.x + self.p

    def weight(self, name, shape, deviation=0.4, mean=0.0):
        t = (torch.randn(*shape) * deviation + mean).requires_grad_()
        self.initializers[name] = self.parameters[name] = t
        return t

    def constant(self, name, t):
        self.initializers[name] = t
        return name

    def node(self, op, inputs, *shapes):
        name = f"n{len(self.nodes)}"
        outputs = [name] if len(shapes) == 1 else [f"{name}.{i}" for i in range(len(shapes))]
        self.nodes.append({"name": name, "op": op, "inputs": inputs, "outputs": outputs, "shapes": [list(s) for s in shapes]})
        self.value = outputs[0]
        return self.value

    def finish(self, y, value=None):
        width = y.numel() // BATCH
        last = self.node({"kind": "Reshape", "shape": [1, width]}, [value or self.value], [1, width])
        logits = y.reshape(BATCH, width)
        labels = torch.randint(width, (BATCH,))
        loss = F.cross_entropy(logits, labels)
        grads = torch.autograd.grad(loss, list(self.parameters.values()))
        return {
            "name": self.name, "input": pack(self.x), "nodes": self.nodes, "output": last, "labels": labels.tolist(),
            "initializers": {k: pack(v) for k, v in self.initializers.items()},
            "logits": pack(logits), "loss": loss.item(),
            "gradients": {k: pack(g) for k, g in zip(self.parameters, grads)},
        }


def window(kernel, strides=None, pads=None, dilations=None):
    n = len(kernel)
    return {"kernelShape": kernel, "strides": strides or [1] * n, "pads": pads or [0] * 2 * n, "dilations": dilations or [1] * n}


def pad(t, pads, value=0.0):
    n = len(pads) // 2
    flat = []
    for axis in reversed(range(n)):
        flat += [pads[axis], pads[n + axis]]
    return F.pad(t, flat, value=value)


def conv(name, sample, m, kernel, strides=None, pads=None, dilations=None, group=1):
    c = Case(name, sample)
    w = c.weight("w", [m, sample[0] // group, *kernel])
    b = c.weight("b", [m], 0.3)
    win = window(kernel, strides, pads, dilations)
    f = F.conv1d if len(kernel) == 1 else F.conv2d
    y = f(pad(c.t, win["pads"]), w, b, stride=win["strides"], dilation=win["dilations"], groups=group)
    c.node({"kind": "Conv", "group": group, **win}, [c.value, "w", "b"], [1, *y.shape[1:]])
    return c.finish(y)


def conv_transpose(name, sample, m, kernel, strides, padding, output_padding, dilation, group):
    c = Case(name, sample)
    w = c.weight("w", [sample[0], m // group, *kernel])
    b = c.weight("b", [m], 0.3)
    y = F.conv_transpose2d(c.t, w, b, strides, padding, output_padding, group, dilation)
    op = {"kind": "ConvTranspose", "group": group, "outputPadding": output_padding, **window(kernel, strides, padding * 2, dilation)}
    c.node(op, [c.value, "w", "b"], [1, *y.shape[1:]])
    return c.finish(y)


def unary(name, op, function, scale=1.0, shift=0.0):
    c = Case(name, [10], scale)
    c.node({"kind": "Binary", "fn": "Add"}, [c.value, c.constant("shift", torch.tensor(shift))], [1, 10])
    c.node({"kind": "Unary", "alpha": 0, "beta": 0, **op}, [c.value], [1, 10])
    return c.finish(function(c.t + shift))


def pool(name, op, function):
    c = Case(name, [2, 7, 6])
    y = function(c.t)
    c.node(op, [c.value], [1, *y.shape[1:]])
    return c.finish(y)


def batch_norm(name, training):
    c = Case(name, [3, 4, 5])
    scale, bias = c.weight("scale", [3], 0.2, 1.0), c.weight("bias", [3], 0.2)
    mean, variance = torch.randn(3) * 0.3, torch.rand(3) + 0.5
    c.constant("mean", mean.clone())
    c.constant("variance", variance.clone())
    y = F.batch_norm(c.t, mean, variance, scale, bias, training, 0.1, 1e-5)
    c.node({"kind": "BatchNormalization", "epsilon": 1e-5}, [c.value, "scale", "bias", "mean", "variance"], [1, 3, 4, 5])
    case = c.finish(y)
    case["batchNorm"] = "train" if training else "frozen"
    case["statistics"] = {"mean": pack(mean), "variance": pack(variance)}
    return case


def reorder(t, order, hidden):
    return torch.cat([t[g * hidden:(g + 1) * hidden] for g in order])


def recurrent(kind, bidirectional, order):
    """order[i] = the torch gate at the i-th place of ONNX."""
    inputs, hidden, steps = 3, 4, 5
    c = Case(f"{kind}{' bidirectional' if bidirectional else ''}", [steps, inputs])
    directions = 2 if bidirectional else 1
    gates = len(order)
    module = getattr(torch.nn, kind)(inputs, hidden, batch_first=True, bidirectional=bidirectional)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    suffixes = ["", "_reverse"][:directions]
    gather = lambda i: [getattr(module, names[i] + s) for s in suffixes]
    w = torch.stack([reorder(t, order, hidden) for t in gather(0)]).detach().requires_grad_()
    r = torch.stack([reorder(t, order, hidden) for t in gather(1)]).detach().requires_grad_()
    b = torch.stack([torch.cat([reorder(x, order, hidden), reorder(z, order, hidden)]) for x, z in zip(gather(2), gather(3))])
    b = b.detach().requires_grad_()
    back = [order.index(g) for g in range(gates)]
    flat = []
    for d in range(directions):
        flat += [reorder(w[d], back, hidden), reorder(r[d], back, hidden)]
        flat += [reorder(b[d, :gates * hidden], back, hidden), reorder(b[d, gates * hidden:], back, hidden)]
    keys = [n + s for s in suffixes for n in names]
    out = torch.func.functional_call(module, dict(zip(keys, flat)), (c.t,))[0]
    for key, t in (("w", w), ("r", r), ("bias", b)):
        c.initializers[key] = c.parameters[key] = t
    fns = ["Sigmoid", "Tanh", "Tanh"] if kind == "LSTM" else ["Sigmoid", "Tanh"]
    op = {
        "kind": kind, "hiddenSize": hidden, "direction": "bidirectional" if bidirectional else "forward", "clip": None,
        "activations": [{"fn": f, "alpha": 0, "beta": 0} for f in fns * directions], "batchFirst": False,
        **({"inputForget": False} if kind == "LSTM" else {"linearBeforeReset": True}),
    }
    turned = c.node({"kind": "Transpose", "perm": [1, 0, 2]}, [c.value], [steps, 1, inputs])
    c.node(op, [turned, "w", "r", "bias"], [steps, directions, 1, hidden])
    # torch: [B, T, D*H]; ours: [T, D, B, H] -> [B, T, D, H]
    c.node({"kind": "Transpose", "perm": [2, 0, 1, 3]}, [c.value], [1, steps, directions, hidden])
    return c.finish(out.reshape(BATCH, steps, directions, hidden))


def layer_norm():
    c = Case("LayerNormalization", [4, 6])
    scale, bias = c.weight("scale", [6], 0.2, 1.0), c.weight("bias", [6], 0.2)
    c.node({"kind": "LayerNormalization", "axis": -1, "epsilon": 1e-5}, [c.value, "scale", "bias"], [1, 4, 6])
    return c.finish(F.layer_norm(c.t, [6], scale, bias, 1e-5))


def gemm():
    c = Case("Gemm with alpha and beta", [9])
    w, b = c.weight("w", [7, 9]), c.weight("b", [7])
    c.node({"kind": "Gemm", "alpha": 0.75, "beta": 1.5, "transA": False, "transB": True}, [c.value, "w", "b"], [1, 7])
    return c.finish(0.75 * c.t @ w.T + 1.5 * b)


def residual():
    c = Case("residual block with depthwise and squeeze-excite", [4, 6, 6])
    w, d, s = c.weight("w", [4, 4, 1, 1]), c.weight("d", [4, 1, 3, 3]), c.weight("s", [4, 4, 1, 1])
    x = c.value
    a = c.node({"kind": "Conv", "group": 1, **window([1, 1])}, [x, "w"], [1, 4, 6, 6])
    e = c.node({"kind": "Conv", "group": 4, **window([3, 3], pads=[1] * 4)}, [a, "d"], [1, 4, 6, 6])
    g = c.node({"kind": "GlobalPool", "fn": "Average", "p": 2}, [e], [1, 4, 1, 1])
    q = c.node({"kind": "Conv", "group": 1, **window([1, 1])}, [g, "s"], [1, 4, 1, 1])
    q = c.node({"kind": "Unary", "fn": "Sigmoid", "alpha": 0, "beta": 0}, [q], [1, 4, 1, 1])
    m = c.node({"kind": "Binary", "fn": "Mul"}, [e, q], [1, 4, 6, 6])
    c.node({"kind": "Binary", "fn": "Add"}, [m, x], [1, 4, 6, 6])
    t = F.conv2d(F.conv2d(c.t, w), d, padding=1, groups=4)
    gate = torch.sigmoid(F.conv2d(t.mean((2, 3), keepdim=True), s))
    return c.finish(t * gate + c.t)


def optimizers():
    """Five steps on one Gemm; weight decay on the matrix only, as the engine does."""
    x, labels = torch.randn(BATCH, 6), torch.randint(5, (BATCH,))
    w0, b0 = torch.randn(5, 6) * 0.4, torch.randn(5) * 0.2
    cases = []
    for name, make in {
        "sgd": lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9),
        "nesterov": lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9, nesterov=True),
        "adam": lambda g: torch.optim.Adam(g, lr=0.05),
        "adamw": lambda g: torch.optim.AdamW(g, lr=0.05),
    }.items():
        for clip in (None, 0.3):
            w, b = w0.clone().requires_grad_(), b0.clone().requires_grad_()
            optimizer = make([{"params": [w], "weight_decay": 0.02}, {"params": [b], "weight_decay": 0.0}])
            for _ in range(5):
                optimizer.zero_grad()
                F.cross_entropy(x @ w.T + b, labels, label_smoothing=0.1).backward()
                if clip is not None:
                    torch.nn.utils.clip_grad_norm_([w, b], clip)
                optimizer.step()
            cases.append({"optimizer": name, "clipNorm": clip, "w": pack(w), "b": pack(b)})
    return {"input": pack(x), "labels": labels.tolist(), "w": pack(w0), "b": pack(b0), "cases": cases}


def losses():
    x, target = torch.randn(BATCH, 6), torch.rand(BATCH, 4)
    w0 = torch.randn(4, 6) * 0.5
    teacher = torch.randn(BATCH, 4)
    labels = torch.randint(4, (BATCH,))
    temperature, weight = 4.0, 0.3
    result = {"input": pack(x), "target": pack(target), "w": pack(w0), "teacher": pack(torch.softmax(teacher / temperature, 1)),
              "labels": labels.tolist(), "temperature": temperature, "weight": weight, "cases": []}
    soft = lambda y: -(torch.softmax(teacher / temperature, 1) * F.log_softmax(y / temperature, 1)).sum(1).mean()
    for kind, f in {
        "mse": lambda y: F.mse_loss(y, target),
        "bce": lambda y: F.binary_cross_entropy_with_logits(y, target),
        "distill": lambda y: (1 - weight) * F.cross_entropy(y, labels) + weight * temperature**2 * soft(y),
    }.items():
        w = w0.clone().requires_grad_()
        loss = f(x @ w.T)
        loss.backward()
        result["cases"].append({"kind": kind, "loss": loss.item(), "gradient": pack(w.grad)})
    return result


def main():
    torch.manual_seed(20)
    torch.set_num_threads(1)
    average = {"kind": "AveragePool", "ceilMode": False, **window([3, 2], [2, 2], [1, 0, 1, 0])}
    cases = [
        conv("Conv 3x3", [2, 6, 7], 4, [3, 3]),
        conv("Conv asymmetric padding, stride 2", [3, 7, 8], 5, [3, 2], [2, 1], [1, 0, 2, 1]),
        conv("Conv stride 3, kernel 2", [2, 7, 8], 3, [2, 2], [3, 3]),
        conv("Conv dilation, groups", [4, 8, 9], 6, [3, 3], None, [1, 2, 3, 0], [2, 3], 2),
        conv("Conv depthwise stride 2", [4, 7, 6], 4, [3, 3], [2, 2], [0, 1, 1, 0], None, 4),
        conv("Conv depthwise multiplier", [2, 5, 6], 4, [3, 3], None, [1, 1, 1, 1], None, 2),
        conv("Conv 1-D stride 2", [3, 13], 4, [5], [2], [2, 1]),
        conv_transpose("ConvTranspose stride 2", [4, 3, 4], 3, [3, 2], [2, 2], [1, 0], [1, 0], [1, 1], 1),
        conv_transpose("ConvTranspose groups, dilation", [4, 3, 4], 6, [3, 2], [2, 1], [0, 1], [0, 0], [1, 2], 2),
        gemm(), layer_norm(), batch_norm("BatchNormalization of the batch", True), batch_norm("BatchNormalization frozen", False),
        pool("MaxPool", {"kind": "MaxPool", "ceilMode": False, "storageOrder": 0, **window([3, 2], [2, 2], [1, 0, 1, 0])},
             lambda t: F.max_pool2d(t, (3, 2), (2, 2), (1, 0))),
        pool("AveragePool counting padding", {**average, "countIncludePad": True},
             lambda t: F.avg_pool2d(t, (3, 2), (2, 2), (1, 0), count_include_pad=True)),
        pool("AveragePool without padding", {**average, "countIncludePad": False},
             lambda t: F.avg_pool2d(t, (3, 2), (2, 2), (1, 0), count_include_pad=False)),
        unary("Relu", {"fn": "Relu"}, F.relu), unary("HardSwish", {"fn": "HardSwish"}, F.hardswish, 3),
        unary("HardSigmoid", {"fn": "HardSigmoid", "alpha": 1 / 6, "beta": 0.5}, F.hardsigmoid, 3),
        unary("Sigmoid", {"fn": "Sigmoid"}, torch.sigmoid, 3), unary("Tanh", {"fn": "Tanh"}, torch.tanh, 2),
        unary("Gelu", {"fn": "Gelu"}, F.gelu, 2), unary("Gelu tanh", {"fn": "Gelu", "alpha": 1}, lambda t: F.gelu(t, approximate="tanh"), 2),
        unary("Mish", {"fn": "Mish"}, F.mish, 3), unary("Softplus", {"fn": "Softplus"}, F.softplus, 5),
        unary("Elu", {"fn": "Elu", "alpha": 1}, F.elu, 2), unary("LeakyRelu", {"fn": "LeakyRelu", "alpha": 0.1}, lambda t: F.leaky_relu(t, 0.1)),
        unary("Erf", {"fn": "Erf"}, torch.erf, 2), unary("Log", {"fn": "Log"}, torch.log, 0.3, 2.0), unary("Sqrt", {"fn": "Sqrt"}, torch.sqrt, 0.3, 2.0),
        recurrent("LSTM", False, [0, 3, 1, 2]), recurrent("LSTM", True, [0, 3, 1, 2]),
        recurrent("GRU", False, [1, 0, 2]), recurrent("GRU", True, [1, 0, 2]),
        residual(),
    ]
    document = {"torch": torch.__version__, "batch": BATCH, "cases": cases, "optimizers": optimizers(), "losses": losses()}
    OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    print(f"{OUT}: {len(cases)} graphs, {OUT.stat().st_size} bytes")


main()
