"""Mistakes in the momentum of SGD and RMSprop [O2] [O4]."""

from compare.parity.updates.defect import made

MOMENTUM = (
    made(
        "momentum-forgotten",
        "sgd",
        "O2",
        "The velocity is the gradient alone: momentum is not used, or the velocity is not kept in the state.",
        v=lambda s: s.g,
    ),
    made(
        "momentum-forgotten",
        "rmsprop",
        "O4",
        "The velocity is the divided gradient alone: momentum is not used, or v is not kept in the state.",
        v=lambda s: s.scaled,
    ),
    made(
        "dampened-first-buffer",
        "sgd",
        "O2",
        "The first velocity is dampened like the later ones. It starts as the gradient itself, v = g.",
        v=lambda s: s.momentum * s.v + (1 - s.dampening) * s.g,
    ),
    made(
        "dampening-forgotten",
        "sgd",
        "O2",
        "dampening is not used: after the first step v is to be momentum v + (1 - dampening) g.",
        v=lambda s: s.momentum * s.v + s.g,
    ),
    made(
        "momentum-moving-average",
        "sgd",
        "O2",
        "The velocity is a moving average, momentum v + (1 - momentum) g, which makes steps 1 - momentum "
        "times as long. Here it is momentum v + g.",
        v=lambda s: s.momentum * s.v + (1 - s.momentum) * s.g,
    ),
    made(
        "momentum-moving-average",
        "sgd",
        "O2",
        "After the first step the velocity is a moving average, momentum v + (1 - momentum) g. Here it is "
        "momentum v + g.",
        v=lambda s: s.g if s.first else s.momentum * s.v + (1 - s.momentum) * s.g,
    ),
    made(
        "momentum-moving-average",
        "rmsprop",
        "O4",
        "The velocity is a moving average, with 1 - momentum before the new term. Here that factor is 1.",
        v=lambda s: s.momentum * s.v + (1 - s.momentum) * s.scaled,
    ),
    made(
        "lr-inside-velocity",
        "sgd",
        "O2",
        "The velocity holds lr, as in v = momentum v - lr g. That is the same as long as lr stays; it is "
        "halved half way here, and the old velocity keeps the old lr. PyTorch multiplies by lr last.",
        v=lambda s: s.lr * s.g if s.first else s.momentum * s.v + (1 - s.dampening) * s.lr * s.g,
        direction=lambda s: s.lr * s.g + s.momentum * s.v if s.nesterov else s.v,
        step=lambda s: s.direction,
    ),
    made(
        "lr-inside-velocity",
        "rmsprop",
        "O4",
        "The velocity holds lr. That is the same as long as lr stays the same; it is halved half way here.",
        v=lambda s: s.momentum * s.v + s.lr * s.scaled,
        step=lambda s: s.v,
    ),
    made(
        "nesterov-forgotten",
        "sgd",
        "O2",
        "The step is lr v. With nesterov it looks one velocity ahead: lr (g + momentum v).",
        direction=lambda s: s.v,
    ),
    made(
        "nesterov-not-asked",
        "sgd",
        "O2",
        "The step is lr (g + momentum v), Nesterov's. Plain momentum was asked for: lr v.",
        direction=lambda s: s.g + s.momentum * s.v,
    ),
)
