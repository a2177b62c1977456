"""The same in any WSGI application: the responder is mounted beside it, and requests to it pass no Flask of yours.

REVOCAST_CONFIG=/srv/revocast/revocast.toml waitress-serve mounted:application
"""

import os

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from responder.api import wsgi_application

application = DispatcherMiddleware(
    Response("the application that was there before"), {"/pki": wsgi_application(os.environ["REVOCAST_CONFIG"])}
)
