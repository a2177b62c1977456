"""The benchmark of ACME runs: what it is made of changes with the product."""

import argparse

from tests.bench import acme


def test_whole_orders_end_in_certificates() -> None:
    """Against real processes; each client has one order, and what they are made of is told beside."""
    figures = acme.run(argparse.Namespace(orders=16, runs=1))
    assert {"orders_per_second", "registrar_cpu_ms_per_order", "signer_cpu_ms_per_order", "alone_finalize_ms"} <= set(
        figures
    )
    assert {"jws_ms_per_order", "durable_commits_ms_per_order", "signature_ms_per_order"} <= set(figures)
