"""Update rules as a textbook states them, with the mistakes people make in them."""
