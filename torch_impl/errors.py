"""The exception of this package."""


class TorchImplError(ValueError):
    """A network, parameter set, batch or optimizer that cannot be built or used; the message is one line."""
