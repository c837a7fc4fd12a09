"""A second certwright over the same settings and database, as the ports that never ask have it."""

from .service import Service


class PublicWorkers(Service):
    """
    A copy of this service with a socket, a log and workers of its own, not started. What differs
    comes from the environment, as the samples of deploy/ have it. stop() ends it; the service's
    destroy() removes the rest.
    """

    def __init__(self, service, workers=2):
        self.__dict__.update(service.__dict__)
        self.process = None
        self.socket = service.path("public.sock")
        self.log_path = service.path("public.log")
        self.allowed_deaths = set()
        self.env = {
            "AppConfig__Server__Workers": str(workers),
            "AppConfig__Log__Target": f"file:{self.log_path}",
        }

    def start(self, **options):
        return super().start(env=self.env, **options)
