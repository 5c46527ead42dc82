"""The WSGI application that the server runs."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
application = get_wsgi_application()

from assay.server.preload import preload  # noqa: E402 - models load after Django is set up

threading.Thread(target=preload, name="preload", daemon=True).start()
