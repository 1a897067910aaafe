locals {
  # Lists for Monitoring's filters: one_of("backend", "frontend").
  one_of = {
    services = "one_of(${join(", ", [for service in sort(var.services) : jsonencode(service)])})"
    jobs     = "one_of(${join(", ", [for job in sort(var.jobs) : jsonencode(job)])})"
    checks   = "one_of(${join(", ", [for check in values(google_monitoring_uptime_check_config.checks) : jsonencode(check.uptime_check_id)])})"
  }
  of_services = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = ${local.one_of.services}"
  of_jobs     = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = ${local.one_of.jobs}"
  requests    = "${local.of_services} AND metric.type = \"run.googleapis.com/request_count\""

  # One alert for all services, since Google charges by condition; each service opens an incident of its own.
  thresholds = { for name, alert in {
    errors = {
      enabled     = length(var.services) > 0
      title       = "too many errors"
      message     = "More than ${format("%.4g", var.alerts.errors * 100)} % of a service's requests in five minutes ended in a 5xx error. Its logs say why: `groundwork services logs NAME`."
      severity    = "CRITICAL"
      filter      = "${local.requests} AND metric.labels.response_code_class = \"5xx\""
      denominator = local.requests
      threshold   = var.alerts.errors
      period      = "300s"
      duration    = "0s"
      aligner     = "ALIGN_RATE"
      reducer     = "REDUCE_SUM"
      group       = "resource.labels.service_name"
    }
    latency = {
      enabled     = length(var.services) > 0
      title       = "slow answers"
      message     = "For five minutes, more than one in twenty of a service's requests took longer than ${var.alerts.latency_ms} ms. Try more instances, more CPU or a smaller model."
      severity    = "WARNING"
      filter      = "${local.of_services} AND metric.type = \"run.googleapis.com/request_latencies\""
      denominator = null
      threshold   = var.alerts.latency_ms
      period      = "60s"
      duration    = "300s"
      aligner     = "ALIGN_DELTA"
      reducer     = "REDUCE_PERCENTILE_95"
      group       = "resource.labels.service_name"
    }
    memory = {
      enabled     = length(var.services) > 0
      title       = "memory almost full"
      message     = "For five minutes, a service used more than ${format("%.4g", var.alerts.memory * 100)} % of its memory; at 100 % it is stopped. If it keeps growing, the code leaks memory; otherwise, raise `memory` in the environment file."
      severity    = "CRITICAL"
      filter      = "${local.of_services} AND metric.type = \"run.googleapis.com/container/memory/utilizations\""
      denominator = null
      threshold   = var.alerts.memory
      period      = "60s"
      duration    = "300s"
      aligner     = "ALIGN_PERCENTILE_99"
      reducer     = "REDUCE_MAX"
      group       = "resource.labels.service_name"
    }
    jobs = {
      enabled     = length(var.jobs) > 0 && var.alerts.jobs
      title       = "a job failed"
      message     = "A run of a job failed, after all of its retries. Its logs say why: `groundwork jobs logs NAME`."
      severity    = "ERROR"
      filter      = "${local.of_jobs} AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
      denominator = null
      threshold   = 0
      period      = "60s"
      duration    = "0s"
      aligner     = "ALIGN_DELTA"
      reducer     = "REDUCE_SUM"
      group       = "resource.labels.job_name"
    }
    uptime = {
      enabled     = length(var.uptime) > 0
      title       = "not reachable"
      message     = "In ten minutes, fewer than half of the uptime calls to a service were answered."
      severity    = "CRITICAL"
      filter      = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = ${local.one_of.checks}"
      denominator = null
      threshold   = null
      period      = "600s"
      duration    = "0s"
      aligner     = "ALIGN_FRACTION_TRUE"
      reducer     = "REDUCE_MEAN"
      group       = "resource.labels.host"
    }
  } : name => alert if alert.enabled }

  # Admin activity is always logged, whoever deploys and by whatever means.
  deployments = join(" AND ", [
    "log_id(\"cloudaudit.googleapis.com/activity\")",
    "protoPayload.serviceName = \"run.googleapis.com\"",
    "protoPayload.methodName =~ \"[.]Services[.](CreateService|ReplaceService|UpdateService)$\"",
    "severity = NOTICE",
  ])

  # Not looked up by address: `terraform import` evaluates this while there are no channels yet.
  channels = values(google_monitoring_notification_channel.mail)[*].id
}

locals {
  charts = concat(
    length(var.services) == 0 ? [] : [
      {
        title   = "Requests per second, by response class"
        filter  = local.requests
        aligner = "ALIGN_RATE"
        reducer = "REDUCE_SUM"
        groups  = ["resource.labels.service_name", "metric.labels.response_code_class"]
      },
      {
        title   = "95th percentile of latency in milliseconds"
        filter  = local.thresholds.latency.filter
        aligner = "ALIGN_DELTA"
        reducer = "REDUCE_PERCENTILE_95"
        groups  = ["resource.labels.service_name"]
      },
      {
        title   = "Share of memory in use"
        filter  = local.thresholds.memory.filter
        aligner = "ALIGN_PERCENTILE_99"
        reducer = "REDUCE_MAX"
        groups  = ["resource.labels.service_name"]
      },
      {
        title   = "Instances"
        filter  = "${local.of_services} AND metric.type = \"run.googleapis.com/container/instance_count\""
        aligner = "ALIGN_MAX"
        reducer = "REDUCE_SUM"
        groups  = ["resource.labels.service_name", "metric.labels.state"]
      },
    ],
    length(var.jobs) == 0 ? [] : [
      {
        title   = "Completed runs of jobs, by result"
        filter  = "${local.of_jobs} AND metric.type = \"run.googleapis.com/job/completed_execution_count\""
        aligner = "ALIGN_DELTA"
        reducer = "REDUCE_SUM"
        groups  = ["resource.labels.job_name", "metric.labels.result"]
      },
    ],
  )

  widgets = concat(
    [
      for chart in local.charts : {
        title = chart.title
        xyChart = {
          dataSets = [{
            plotType   = "LINE"
            targetAxis = "Y1"
            timeSeriesQuery = {
              timeSeriesFilter = {
                filter = chart.filter
                aggregation = {
                  alignmentPeriod    = "60s"
                  perSeriesAligner   = chart.aligner
                  crossSeriesReducer = chart.reducer
                  groupByFields      = chart.groups
                }
              }
            }
          }]
        }
      }
    ],
    [
      for title, filter in {
        "Builds"         = "resource.type = \"build\""
        "Errors in logs" = "severity >= ERROR"
      } : { title = title, logsPanel = { filter = filter } }
    ],
  )

  # Google leaves zeros out, so they are left out here, too: they would look like a change.
  dashboard = {
    displayName = var.name
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, widget in local.widgets : merge(
          { width = 24, height = 16, widget = widget },
          index % 2 == 0 ? {} : { xPos = 24 },
          index < 2 ? {} : { yPos = floor(index / 2) * 16 },
        )
      ]
    }
  }
}

resource "google_monitoring_notification_channel" "mail" {
  for_each = var.notify

  project      = var.project_id
  type         = "email"
  display_name = each.key
  labels       = { email_address = each.key }
  user_labels  = var.labels
}

resource "google_monitoring_uptime_check_config" "checks" {
  for_each = var.uptime

  project      = var.project_id
  display_name = "${var.name}: ${each.key}"
  period       = "300s"
  timeout      = "10s"
  user_labels  = var.labels

  http_check {
    path         = each.value.path
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { host = each.value.host, project_id = var.project_id }
  }
}

resource "google_monitoring_alert_policy" "thresholds" {
  for_each = local.thresholds

  project               = var.project_id
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter             = each.value.filter
      denominator_filter = each.value.denominator
      comparison         = each.value.threshold == null ? "COMPARISON_LT" : "COMPARISON_GT"
      threshold_value    = each.value.threshold == null ? 0.5 : each.value.threshold
      duration           = each.value.duration

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = [each.value.group]
      }

      dynamic "denominator_aggregations" {
        for_each = each.value.denominator[*]

        content {
          alignment_period     = each.value.period
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
          group_by_fields      = [each.value.group]
        }
      }

      trigger {
        count = 1
      }
    }
  }

  # Without requests there is nothing that could close an incident.
  alert_strategy {
    auto_close = "1800s"
  }

  documentation {
    content = each.value.message
  }
}

resource "google_monitoring_alert_policy" "revisions" {
  for_each = toset(var.alerts.revisions && length(var.services) > 0 ? ["revisions"] : [])

  project               = var.project_id
  display_name          = "${var.name}: a service was deployed"
  combiner              = "OR"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "a service was deployed"

    condition_matched_log {
      filter           = local.deployments
      label_extractors = { service = "EXTRACT(protoPayload.resourceName)" }
    }
  }

  # One e-mail in five minutes at most, however often it is logged.
  alert_strategy {
    auto_close = "1800s"

    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    content = "A service has a new revision, or its traffic was moved: $${log.extracted_label.service}. `groundwork services revisions NAME` lists its revisions, and `groundwork services rollback NAME` goes back."
  }
}

resource "google_monitoring_dashboard" "dashboard" {
  project        = var.project_id
  dashboard_json = jsonencode(local.dashboard)
}
