"""A contestant of thirty lines: one hidden layer of tanh, softmax and cross-entropy, gradient descent."""

import numpy as np


class PlainNetwork:
    """64-32-10 and the like, in NumPy."""

    def __init__(self, network, parameters, rule, dtype):
        if network.activations != ("tanh",) or network.objective != "softmax+cross_entropy":
            raise NotImplementedError("it has one tanh layer and softmax+cross_entropy alone")
        if rule.name != "sgd" or set(rule.options) != {"lr"} or not network.bias:
            raise NotImplementedError("it knows plain gradient descent, with biases")
        self.own = {name: values.copy() for name, values in parameters.items()}
        self.lr = rule.options["lr"]

    def forward(self, X):
        """Return A (n, hidden) and Y_hat (n, outputs)."""
        A = np.tanh(X @ self.own["W1"].T + self.own["b1"])
        Z = A @ self.own["W2"].T + self.own["b2"]
        powers = np.exp(Z - Z.max(axis=1, keepdims=True))
        return A, powers / powers.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Return Y_hat (n, outputs)."""
        return self.forward(X)[1]

    def loss_and_gradients(self, X, Y):
        """Return the mean over the rows, and its gradients by name."""
        A, Y_hat = self.forward(X)
        dZ2 = (Y_hat - Y) / len(X)
        dZ1 = dZ2 @ self.own["W2"] * (1 - A**2)
        gradients = {"W1": dZ1.T @ X, "b1": dZ1.sum(axis=0), "W2": dZ2.T @ A, "b2": dZ2.sum(axis=0)}
        return float(-np.log((Y_hat * Y).sum(axis=1)).mean()), gradients

    def step(self, X, Y):
        """Take one step of gradient descent."""
        for name, gradient in self.loss_and_gradients(X, Y)[1].items():
            self.own[name] -= self.lr * gradient

    def parameters(self):
        """Return copies: W1 (hidden, features), b1, W2, b2."""
        return {name: values.copy() for name, values in self.own.items()}
