"""To and from others: stations that deliver to a centre, messages between centres, and outputs of what is known."""
