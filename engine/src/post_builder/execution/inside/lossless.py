"""Sends every message, however fast they come. Its source is sent to the kernel before any cell.

By default ZeroMQ drops messages, without an error, while 1,000 wait to be sent.
"""

import zmq
from IPython import get_ipython

thread = get_ipython().kernel.iopub_thread
thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))  # its socket, so in its thread
