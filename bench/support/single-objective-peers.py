"""Best values that BoTorch and Optuna reach on the problems of optimizer/problems/single-objective.ts; one JSON line per run.

Arguments: evaluations, seeds, peers (of gp,tpe,botorch), names of problems. BoTorch: qLogNoisyExpectedImprovement on SingleTaskGP after 2 (d + 1) Sobol' points.
"""
import json
import math
import sys
import warnings

warnings.filterwarnings("ignore")


def branin(x):
    u, v = x
    return (v - 5.1 / (4 * math.pi**2) * u**2 + 5 / math.pi * u - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(u) + 10


A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def hartmann(x):
    return -sum(
        w * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(A[i], x, P[i]))) for i, w in enumerate([1, 1.2, 3, 3.2])
    )


def ackley(x):
    squares = sum(v * v for v in x) / len(x)
    waves = sum(math.cos(2 * math.pi * v) for v in x) / len(x)
    return -20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves) + 20 + math.e


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


PROBLEMS = {
    "Branin": (branin, [(-5, 10), (0, 15)]),
    "Hartmann6": (hartmann, [(0, 1)] * 6),
    "Ackley5": (ackley, [(-5, 10)] * 5),
    "Levy4": (levy, [(-10, 10)] * 4),
}


def run_optuna(f, bounds, seed, evaluations, kind):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = optuna.samplers
    sampler = (
        samplers.GPSampler(seed=seed, deterministic_objective=True) if kind == "gp" else samplers.TPESampler(seed=seed)
    )
    study = optuna.create_study(sampler=sampler)
    study.optimize(
        lambda trial: f([trial.suggest_float(f"x{i}", low, high) for i, (low, high) in enumerate(bounds)]),
        n_trials=evaluations,
    )
    return study.best_value, f"Optuna {optuna.__version__} {'GPSampler' if kind == 'gp' else 'TPESampler'}"


def run_botorch(f, bounds, seed, evaluations):
    import botorch
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    d = len(bounds)
    low = torch.tensor([float(a) for a, _ in bounds], dtype=torch.float64)
    high = torch.tensor([float(b) for _, b in bounds], dtype=torch.float64)
    unit = torch.stack([torch.zeros(d), torch.ones(d)]).double()
    value = lambda x: -f((low + (high - low) * x).tolist())
    x = torch.quasirandom.SobolEngine(d, scramble=True, seed=seed).draw(2 * (d + 1)).double()
    y = torch.tensor([[value(row)] for row in x], dtype=torch.float64)
    while len(x) < evaluations:
        model = SingleTaskGP(x, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = qLogNoisyExpectedImprovement(model, X_baseline=x, prune_baseline=True)
        new, _ = optimize_acqf(acquisition, bounds=unit, q=1, num_restarts=8, raw_samples=256)
        x = torch.cat([x, new])
        y = torch.cat([y, torch.tensor([[value(new[0])]], dtype=torch.float64)])
    return -y.max().item(), f"BoTorch {botorch.__version__} qLogNEI"


def main():
    evaluations, seeds, peers, *names = sys.argv[1:]
    for name in names:
        f, bounds = PROBLEMS[name]
        for seed in range(int(seeds)):
            for peer in peers.split(","):
                if peer == "botorch":
                    best, method = run_botorch(f, bounds, seed, int(evaluations))
                else:
                    best, method = run_optuna(f, bounds, seed, int(evaluations), peer)
                print(json.dumps({"problem": name, "seed": seed, "method": method, "best": best}), flush=True)


main()
