"""
A Galera cluster of MariaDB nodes on loopback, for what must hold on several hosts.

No state is transferred, so no transfer script is needed, and root may run it: every node starts
from a copy of one data folder, whose saved position is what the cluster has reached. That works
until the first statement that writes; a node that was killed does not come back.
"""

import os
import shutil
import signal
import uuid

from . import process
from .mariadb import MariaDB, SqlError

PROVIDER = "/usr/lib/galera/libgalera_smm.so"

# A node that was killed is given up after seconds rather than the default's five and fifteen.
TIMEOUTS = "evs.keepalive_period=PT0.3S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S"

OPTIONS = (
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=16M",
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
    "--wsrep-on=ON",
    f"--wsrep-provider={PROVIDER}",
    "--wsrep-sst-method=skip",
)

SAVED_STATE = """# GALERA saved state
version: 2.1
uuid:    {cluster}
seqno:   {position}
safe_to_bootstrap: 1
"""


class Node(MariaDB):
    """One server of a cluster; as a MariaDB for services, tests stop, pause or kill it alone."""

    def __init__(self, name, port):
        super().__init__(process.short_folder("cwg"))
        self.name, self.port = name, port
        self.peers = []
        address = f"127.0.0.1:{port}"
        self.own_options = (
            *OPTIONS,
            f"--wsrep-node-name={name}",
            f"--wsrep-node-address={address}",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://{address};gcache.size=16M;{TIMEOUTS}",
        )

    def take(self, data, cluster, position):
        """Becomes a copy of this data folder, at this position of the cluster."""
        shutil.copytree(data, self.data)
        with open(os.path.join(self.data, "grastate.dat"), "w", encoding="ascii") as file:
            file.write(SAVED_STATE.format(cluster=cluster, position=position))

    def join(self, cluster_name, peers):
        """Starts it beside its peers, the first one as a new cluster, and waits until it serves."""
        self.peers = list(peers)
        hosts = ",".join(f"127.0.0.1:{peer.port}" for peer in peers)
        new = () if peers else ("--wsrep-new-cluster",)
        self.options = (
            *self.own_options,
            f"--wsrep-cluster-name={cluster_name}",
            f"--wsrep-cluster-address=gcomm://{hosts}",
            *new,
        )
        return self.start()

    def _ready(self):
        return super()._ready() and self.is_in_cluster_of(len(self.peers) + 1)

    def status(self, name):
        """A status variable of the server, None where it does not say."""
        rows = self.sql(f"SHOW STATUS LIKE '{name}'")
        return rows[0][1] if rows else None

    def is_in_cluster_of(self, size):
        """For wait_until: it takes statements, in a cluster of this many nodes."""
        try:
            is_ready = self.status("wsrep_ready") == "ON"
            return is_ready and self.status("wsrep_cluster_size") == str(size)
        except SqlError:
            return False

    def restart(self):
        raise NotImplementedError("a node does not come back")


class Cluster:
    """Nodes that hold the same; start() makes them, stop() ends those that still run."""

    def __init__(self, size=3):
        self.nodes = [Node(f"n{i}", port) for i, port in enumerate(process.free_ports(size))]
        self.name = f"cw{os.getpid()}"

    def start(self):
        base = MariaDB()
        base.install()
        cluster = uuid.uuid4()
        for i, node in enumerate(self.nodes):
            # Each node that joined was an event of the cluster, and nothing else was.
            node.take(base.data, cluster, i)
            node.join(self.name, self.nodes[:i])
        shutil.rmtree(base.folder)
        for node in self.nodes:
            process.wait_until(
                lambda: node.is_in_cluster_of(len(self.nodes)), 10, f"{node.name} among all"
            )
        return self

    def running(self):
        return [node for node in self.nodes if node.server and node.server.alive()]

    def stop(self):
        for node in reversed(self.running()):
            node.resume()
            # A SIGTERM waits for peers that were killed; nothing of the data is needed any more.
            node.server.stop(10, signal.SIGKILL)
