"""The periodic work as tasks of a queue of yours. These are RQ's; before Celery's stands `@app.task`, and nothing else.

    queue.enqueue("tasks.refresh_status")                  # RQ, as often as `revocast schedule --cron` says
    7 * * * *  cd /srv/app && python -c "import tasks; tasks.refresh_status()"          # or cron

A task that raises has failed: let your queue retry it, since each does what is due then and nothing twice.
"""

import os
from typing import Any

from jobs import api


def refresh_status() -> dict[str, Any]:
    """Make all that is due, and publish it."""
    return api.refresh(os.environ["REVOCAST_CONFIG"])


def generate_crls() -> dict[str, Any]:
    """The CRLs alone."""
    return api.generate_crls(os.environ["REVOCAST_CONFIG"])


def check_published() -> dict[str, Any]:
    """Look from outside; what is found wrong fails the task."""
    return api.check_published(os.environ["REVOCAST_CONFIG"])
