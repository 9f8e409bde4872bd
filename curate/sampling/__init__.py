"""The adaptive rejection sampler: a pure stopping policy, an asynchronous loop around it, and budgets."""
