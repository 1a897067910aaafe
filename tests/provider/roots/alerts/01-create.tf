resource "google_monitoring_notification_channel" "mail" {
  display_name = "on call"
  type         = "email"
  labels       = { email_address = "oncall@example.com" }
  user_labels  = { team = "starfish" }
}

resource "google_pubsub_topic" "alerts" {
  name = "alerts"
}

resource "google_monitoring_notification_channel" "topic" {
  display_name = "topic"
  type         = "pubsub"
  description  = "For a program."
  labels       = { topic = google_pubsub_topic.alerts.id }
  enabled      = false
  force_delete = true
}

resource "google_monitoring_notification_channel" "hook" {
  type   = "webhook_basicauth"
  labels = { url = "https://example.com/alert", username = "starfish" }
  sensitive_labels {
    password = "not-a-real-password"
  }
}

resource "google_monitoring_notification_channel" "slack" {
  type   = "slack"
  labels = { channel_name = "#alerts" }
  sensitive_labels {
    auth_token_wo         = "not-a-real-token"
    auth_token_wo_version = "1"
  }
}

resource "google_monitoring_uptime_check_config" "backend" {
  display_name = "backend"
  timeout      = "10s"
  http_check {
    path         = "health"
    port         = 443
    use_ssl      = true
    validate_ssl = true
    headers      = {}
    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
    accepted_response_status_codes {
      status_value = 302
    }
  }
  monitored_resource {
    type   = "uptime_url"
    labels = { host = "backend-abc.a.run.app" }
  }
}

resource "google_monitoring_uptime_check_config" "login" {
  display_name       = "login"
  timeout            = "30s"
  period             = "900s"
  selected_regions   = ["EUROPE", "USA", "ASIA_PACIFIC"]
  log_check_failures = true
  user_labels        = { team = "starfish" }
  http_check {
    request_method = "POST"
    content_type   = "URL_ENCODED"
    body           = "Zm9vJTNEYmFy"
    mask_headers   = true
    headers        = { X-Check = "1" }
    auth_info {
      username = "check"
      password = "not-a-real-password"
    }
  }
  monitored_resource {
    type   = "uptime_url"
    labels = { host = "example.com", project_id = google_monitoring_notification_channel.mail.project }
  }
  content_matchers {
    content = "welcome"
  }
  content_matchers {
    content = "\"status\": *\"ok\""
    matcher = "MATCHES_REGEX"
  }
}

resource "google_monitoring_uptime_check_config" "port" {
  display_name = "port"
  timeout      = "5s"
  tcp_check {
    port = 22
    ping_config {
      pings_count = 1
    }
  }
  monitored_resource {
    type   = "uptime_url"
    labels = { host = "example.com" }
  }
}

resource "google_monitoring_alert_policy" "errors" {
  display_name          = "errors"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [google_monitoring_notification_channel.mail.id]
  user_labels           = { team = "starfish" }
  conditions {
    display_name = "too many errors"
    condition_threshold {
      filter             = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.05
      duration           = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }
      trigger {
        count = 1
      }
    }
  }
  conditions {
    display_name = "slow"
    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = 2000
      duration        = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_PERCENTILE_95"
        cross_series_reducer = "REDUCE_NONE"
      }
    }
  }
  alert_strategy {
    auto_close           = "3600s"
    notification_prompts = ["OPENED", "CLOSED"]
  }
  documentation {
    content = "See docs/alerts.md."
    subject = "errors"
    links {
      display_name = "how to"
      url          = "https://example.com/how"
    }
  }
}

resource "google_monitoring_alert_policy" "revisions" {
  display_name          = "revisions"
  combiner              = "OR"
  enabled               = false
  notification_channels = [google_monitoring_notification_channel.mail.id, google_monitoring_notification_channel.topic.id]
  conditions {
    display_name = "a revision"
    condition_matched_log {
      filter           = "protoPayload.methodName = \"google.cloud.run.v1.Services.ReplaceService\""
      label_extractors = { service = "EXTRACT(resource.labels.service_name)" }
    }
  }
  alert_strategy {
    auto_close = "1800s"
    notification_rate_limit {
      period = "300s"
    }
  }
}

resource "google_monitoring_alert_policy" "silence" {
  display_name = "silence"
  combiner     = "AND"
  conditions {
    display_name = "no requests"
    condition_absent {
      filter   = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\""
      duration = "3600s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_RATE"
      }
      trigger {
        percent = 50
      }
    }
  }
}

resource "google_monitoring_dashboard" "team" {
  dashboard_json = <<-JSON
    {
      "displayName": "the team — <all> & more",
      "mosaicLayout": {
        "columns": 48,
        "tiles": [
          {"width": 24, "height": 16, "widget": {"title": "requests", "xyChart": {"dataSets": [{"plotType": "LINE", "targetAxis": "Y1", "timeSeriesQuery": {"timeSeriesFilter": {"filter": "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\"", "aggregation": {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}}}}], "thresholds": [{"value": 1.0}]}}},
          {"xPos": 24, "width": 24, "height": 16, "widget": {"title": "notes", "text": {"content": "all is well", "format": "MARKDOWN"}}}
        ]
      }
    }
  JSON
}
