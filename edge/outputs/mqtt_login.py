"""One login at the broker, to see whether it lets digitd in."""

import dataclasses
import socket

from edge.outputs import topics
from edge.outputs.mqtt_events import NotSpokenError
from edge.outputs.mqtt_link import Link
from edge.outputs.mqtt_settings import MqttSettings

TIMEOUT_S = 5.0


def logged_in(settings: MqttSettings) -> str:
    """The version of MQTT that the broker let digitd in with. Raises LostError with what it answered.

    All is as the output has it but for the client's name, for two of one name throw each other out, and the last will: it names the same
    topic, which the broker may mind, and says nothing that would harm the digitd that runs.
    """
    settings = dataclasses.replace(settings, client_id=f"{settings.client}-doctor", timeout_s=TIMEOUT_S)
    will = dataclasses.replace(topics.availability(settings.prefix, settings.device, online=True), retained=False)
    first, *others = ("5", "3.1.1") if settings.protocol == "auto" else (settings.protocol,)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            with Link(settings, first, will, ours) as link:
                return link.version
        except NotSpokenError:
            for other in others:
                with Link(settings, other, will, ours) as link:
                    return link.version
            raise
