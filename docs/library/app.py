"""A Flask application of yours that also answers for the certificates of your CA, below /pki: a blueprint.

REVOCAST_CONFIG=/srv/revocast/revocast.toml flask --app app run
"""

import os

from flask import Flask

from responder.api import blueprint


def create_app() -> Flask:
    """Yours, with the responder in it."""
    app = Flask(__name__)
    app.register_blueprint(blueprint(os.environ["REVOCAST_CONFIG"]), url_prefix="/pki")

    @app.get("/")
    def home() -> str:
        return "the application that was there before"

    return app
