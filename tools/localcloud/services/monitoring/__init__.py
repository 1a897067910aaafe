"""Cloud Monitoring: metrics, alerting policies with their notification channels, uptime checks, and dashboards."""

from __future__ import annotations

from functools import partial

from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Channels
from localcloud.engine.service import Endpoints, Service, Worker
from localcloud.services.monitoring import (
    channels,
    checks,
    dashboards,
    evaluation,
    incidents,
    log_alerts,
    metrics,
    notifications,
    policies,
    snoozes,
    streaks,
    time_series,
    uptime,
)
from localcloud.services.monitoring.names import API

_PROJECTS = f"{API}.projects"
SERVICE = Service(
    api=API,
    versions=("v3", "v1"),
    title="Cloud Monitoring API",
    agent="service-{number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"MONITORING": ""}, gcloud=""),
    proto="google.monitoring.v3",
    tables=incidents.TABLES + log_alerts.TABLES + streaks.TABLES,
    due={evaluation.EVALUATE: evaluation.due, checks.CHECK: checks.due, log_alerts.CLOSE: log_alerts.close},
    workers={
        checks.CHECK: Worker(checks.run, lambda *_: None),
        notifications.WEBHOOK: Worker(notifications.post, lambda *_: None),
    },
    log_listener=log_alerts.match,
    resources={
        "projects.alertPolicies": policies.RESOURCE,
        "projects.alerts": incidents.RESOURCE,
        "projects.dashboards": dashboards.RESOURCE,
        "projects.notificationChannels": channels.RESOURCE,
        "projects.snoozes": snoozes.RESOURCE,
        "projects.uptimeCheckConfigs": uptime.RESOURCE,
    },
    methods={
        f"{_PROJECTS}.dashboards.create": dashboards.create,
        f"{_PROJECTS}.metricDescriptors.create": metrics.create,
        f"{_PROJECTS}.metricDescriptors.delete": metrics.delete,
        f"{_PROJECTS}.metricDescriptors.get": metrics.get,
        f"{_PROJECTS}.metricDescriptors.list": metrics.list_,
        f"{_PROJECTS}.monitoredResourceDescriptors.get": metrics.get_resource,
        f"{_PROJECTS}.monitoredResourceDescriptors.list": metrics.list_resources,
        f"{_PROJECTS}.notificationChannelDescriptors.get": channels.get_type,
        f"{_PROJECTS}.notificationChannelDescriptors.list": channels.list_types,
        f"{_PROJECTS}.timeSeries.create": time_series.create,
        f"{_PROJECTS}.timeSeries.list": time_series.list_,
        f"{_PROJECTS}.uptimeCheckConfigs.create": uptime.create,
        f"{API}.uptimeCheckIps.list": uptime.list_addresses,
    },
    permissions={f"{API}.uptimeCheckIps.list": None},
    audited={
        "projects.alertPolicies": "google.monitoring.v3.AlertPolicyService.*AlertPolicy",
        "projects.dashboards": "google.monitoring.dashboard.v1.DashboardsService.*Dashboard",
        "projects.metricDescriptors": "google.monitoring.v3.MetricService.*MetricDescriptor",
        "projects.notificationChannels": "google.monitoring.v3.NotificationChannelService.*NotificationChannel",
        "projects.snoozes": "google.monitoring.v3.SnoozeService.*Snooze",
        "projects.uptimeCheckConfigs": "google.monitoring.v3.UptimeCheckService.*UptimeCheckConfig",
    },
    offers=lambda cloud: (Channels(partial(channels.address, cloud)),),
    data_access=(f"{_PROJECTS}.timeSeries.",),
)
