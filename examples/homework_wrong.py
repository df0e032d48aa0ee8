"""Back-propagation for a network with one hidden layer: sigmoid, softmax, cross-entropy."""

import numpy as np


def sigmoid(z):
    """Squash every entry of z to (0, 1)."""
    return 1 / (1 + np.exp(-z))


def softmax(z):
    """Turn every row of z into probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(parameters, X):
    """Run the network forward."""
    Z1 = X @ parameters["W1"].T + parameters["b1"]
    A1 = sigmoid(Z1)
    Z2 = A1 @ parameters["W2"].T + parameters["b2"]
    return A1, softmax(Z2)


def loss_and_gradients(parameters, X, Y):
    """Return the cross-entropy and its gradients."""
    n = len(X)
    A1, A2 = forward(parameters, X)
    loss = -np.sum(Y * np.log(A2)) / n

    # output layer
    dZ2 = (A2 - Y) / n
    dW2 = dZ2.T @ A1
    db2 = dZ2.sum(axis=0)

    # hidden layer
    dA1 = dZ2 @ parameters["W2"]
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = dZ1.T @ X
    db1 = dZ1.mean(axis=0)

    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
