"""What in a student's file can be called, and how: functions, classes and objects; names of arguments."""

import inspect
import types
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any

from compare.parity.student.values import Arrays, Failure, in_one_line, named_type

Function = Callable[..., Any]


def object_of(module: types.ModuleType, name: str) -> Any:
    """Return the function, class or object of that name, or raise Failure with the nearest name."""
    if not name or not hasattr(module, name):
        raise Failure("missing", missing_name(module, name))
    found = getattr(module, name)
    if not callable(found) and not hasattr(found, "loss_and_gradients"):
        raise Failure("not-callable", f"{name} is {named_type(found)}, not a function")
    return found


def missing_name(module: types.ModuleType, name: str) -> str:
    """Say that a module has no such name, with the nearest one, or with those it has."""
    own = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    near = get_close_matches(name, own, n=1, cutoff=0.5)
    if near:
        return f"has no {name}; did you mean {near[0]}?"
    return f"has no {name}; it defines {', '.join(own) if own else 'no function at all'}"


def gradient_function(found: Any, parameters: Arrays) -> tuple[Function, bool]:
    """Return a function of (parameters, X, Y), and whether it was built from these parameters.

    A class whose method `loss_and_gradients` takes (X, Y) is built once, from CLASS(parameters); one whose
    method takes (parameters, X, Y) is built without arguments.
    """
    is_class = inspect.isclass(found)
    if not is_class and not hasattr(found, "loss_and_gradients"):
        check_arguments(found, ("parameters", "X", "Y"))
        return found, False
    name = found.__name__ if is_class else type(found).__name__
    method = getattr(found, "loss_and_gradients", None)
    if not callable(method):
        raise Failure("missing", f"the class {name} has no method loss_and_gradients(X, Y)")
    own = inspect.getattr_static(found, "loss_and_gradients")
    bound = isinstance(own, staticmethod | classmethod)
    built_from_parameters = is_class and accepts(method, 2 if bound else 3)  # X, Y, and self before them
    if is_class:
        arguments = (parameters,) if built_from_parameters else ()
        if not accepts(found, len(arguments)):
            call = f"{name}({'parameters' if arguments else ''})"
            raise Failure("signature", f"it is built by {call}, but its __init__ takes {shown(found)}")
        method = found(*arguments).loss_and_gradients
    if built_from_parameters:
        check_arguments(method, ("X", "Y"))
        return lambda parameters, X, Y: method(X, Y), True
    check_arguments(method, ("parameters", "X", "Y"))
    return method, False


def check_arguments(function: Function, names: tuple[str, ...]) -> None:
    """Raise Failure unless the function takes that many arguments, and X and Y where they are passed."""
    call = f"{getattr(function, '__name__', 'it')}({', '.join(names)})"
    if not accepts(function, len(names)):
        raise Failure("signature", f"it is called as {call}, but takes {shown(function)}")
    own = [name.upper() for name in arguments_of(function)]
    for place, name in enumerate(names):
        if name in ("X", "Y") and name in own and own.index(name) != place:
            raise Failure("signature", f"it is called as {call}, in this order, but takes {shown(function)}")


def hyperparameters_taken(
    function: Function, values: Mapping[str, Any], neutral: Collection[str]
) -> tuple[list[str], list[str]]:
    """Return the hyperparameters to pass by name, and those that are left out.

    Args:
        function: FUNCTION(parameters, gradients, state, **hyperparameters).
        values: the hyperparameters.
        neutral: names of those that do nothing at their value, which a function need not take.
    """
    own = arguments_of(function)
    name = getattr(function, "__name__", "it")
    if not own or any(argument.kind is inspect.Parameter.VAR_KEYWORD for argument in own.values()):
        taken = list(values)
    else:
        taken = [key for key in values if key in own]
    for key in values:
        if key not in taken and key not in neutral:
            near = get_close_matches(key, [word for word in own if word not in values], n=1, cutoff=0.4)
            advice = f"rename {near[0]} to {key}" if near else "add it, or take **hyperparameters"
            raise Failure("signature", f"{name} does not take {key}, which is {values[key]!r} here; {advice}")
    try:
        inspect.signature(function).bind({}, {}, {}, **{key: values[key] for key in taken})
    except ValueError:
        pass
    except TypeError as error:
        call = f"{name}(parameters, gradients, state, {', '.join(f'{key}=...' for key in taken)})"
        raise Failure("signature", f"it is called as {call}: {in_one_line(error)}") from None
    return taken, [key for key in values if key not in taken]


def accepts(function: Function, count: int) -> bool:
    """Say whether a function can be called with that many arguments; yes where it does not tell."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def arguments_of(function: Function) -> Mapping[str, inspect.Parameter]:
    """Return a function's arguments by name; none where it does not tell."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def shown(function: Function) -> str:
    """Show what a function takes, in parentheses."""
    return f"({', '.join(map(str, arguments_of(function).values()))})"
