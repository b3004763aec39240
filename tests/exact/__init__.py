"""Small markets cleared in exact arithmetic, by the definitions, without a line of ``market``.

Amounts are fractions and every allocation is looked at, so that what comes out is certain; where
two answers are equally good it raises ``Ambiguous`` and does not choose. It writes the expected
answers in ``examples/instances``.
"""
