from orchestrator.report.charts.layered_layout import layers, places


def crossings(found, edges):
    at, level = places(found), {n: k for k, layer in enumerate(found) for n in layer}
    return sum(
        (at[a] - at[c]) * (at[b] - at[d]) < 0
        for i, (a, b) in enumerate(edges)
        for c, d in edges[:i]
        if level[a] == level[c] and level[b] == level[d]
    )


def test_every_edge_leads_to_a_later_layer():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("x", "d")]
    assert layers("abcdx", edges, []) == [["a", "x"], ["b"], ["c"], ["d"]]


def test_few_edges_cross():
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    assert crossings([["a", "b", "c"], ["x", "y", "z"]], edges) == 3
    assert crossings(layers("abcxyz", edges, []), edges) == 0


def test_edges_that_close_loops_do_not_count():
    assert layers("abc", [("a", "b"), ("b", "c"), ("c", "a")], [("c", "a")]) == [
        ["a"],
        ["b"],
        ["c"],
    ]


def test_a_cycle_that_nobody_declared_is_drawn_all_the_same():
    found = layers("abc", [("a", "b"), ("b", "c"), ("c", "a")], [])
    assert sorted(node for layer in found for node in layer) == ["a", "b", "c"]
    assert len(found) == 3


def test_a_layer_is_centred():
    assert places([["a"], ["b", "c"]]) == {"a": 0, "b": -0.5, "c": 0.5}
