"""The types of notification channels. Source: https://cloud.google.com/monitoring/alerts/using-channels-api."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SECRET = frozenset({"auth_token", "password", "service_key"})
"""The labels that Google shows masked."""


class ChannelType(NamedTuple):
    """A type of channel, and its labels with what they mean; a label is needed unless it says that it is optional."""

    title: str
    description: str
    labels: Mapping[str, str]


CHANNEL_TYPES: Mapping[str, ChannelType] = {
    "email": ChannelType("Email", "Sends e-mail (simulated: writes a log entry).", {"email_address": "The address."}),
    "pubsub": ChannelType(
        "Cloud Pub/Sub", "Publishes a message.", {"topic": "The topic: projects/PROJECT/topics/TOPIC."}
    ),
    "webhook_tokenauth": ChannelType("Webhook with a token in its URL", "Posts JSON.", {"url": "Where to post it."}),
    "webhook_basicauth": ChannelType(
        "Webhook with a user name and password",
        "Posts JSON.",
        {"url": "Where to post it.", "username": "The user.", "password": "The password."},
    ),
    "slack": ChannelType(
        "Slack",
        "Posts to a channel (simulated: writes a log entry).",
        {"channel_name": "The channel.", "auth_token": "The token.", "team": "Optional. The workspace."},
    ),
    "pagerduty": ChannelType(
        "PagerDuty", "Opens an incident (simulated: writes a log entry).", {"service_key": "The key of the service."}
    ),
    "sms": ChannelType("SMS", "Sends a text message (simulated: writes a log entry).", {"number": "The phone number."}),
}
