resource "google_monitoring_notification_channel" "mail" {
  display_name = "on call, too"
  labels       = { email_address = "someone@example.com" }
  user_labels  = { team = "cats-dogs" }
}

resource "google_monitoring_notification_channel" "topic" {
  enabled = null
}

resource "google_monitoring_notification_channel" "hook" {
  sensitive_labels {
    password = "another-password"
  }
}

resource "google_monitoring_notification_channel" "slack" {
  sensitive_labels {
    auth_token_wo         = "another-token"
    auth_token_wo_version = "2"
  }
}

resource "google_monitoring_uptime_check_config" "backend" {
  http_check {
    path         = "/alive"
    port         = 443
    use_ssl      = true
    validate_ssl = true
    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }
}

resource "google_monitoring_uptime_check_config" "login" {
  period             = "60s"
  log_check_failures = null
  http_check {
    request_method = "POST"
    content_type   = "URL_ENCODED"
    body           = "Zm9vJTNEYmFy"
    mask_headers   = true
    headers        = { X-Check = "1" }
    auth_info {
      username = "check"
      password = "another-password"
    }
  }
}

resource "google_monitoring_uptime_check_config" "port" {
  tcp_check {
    port = 2222
    ping_config {
      pings_count = 1
    }
  }
}

resource "google_monitoring_alert_policy" "errors" {
  severity = "WARNING"
  conditions {
    display_name = "too many errors"
    condition_threshold {
      filter             = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.1
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
  documentation {
    content = "See docs/alerts.md."
    subject = "errors"
  }
}

resource "google_monitoring_alert_policy" "revisions" {
  enabled = null
  alert_strategy {
    auto_close = "1800s"
    notification_rate_limit {
      period = "3600s"
    }
  }
}

resource "google_monitoring_alert_policy" "silence" {
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
        count = 2
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
          {"width": 24, "height": 16, "widget": {"title": "all requests", "xyChart": {"dataSets": [{"plotType": "LINE", "targetAxis": "Y1", "timeSeriesQuery": {"timeSeriesFilter": {"filter": "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\"", "aggregation": {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}}}}], "thresholds": [{"value": 1.0}]}}},
          {"xPos": 24, "width": 24, "height": 16, "widget": {"title": "notes", "text": {"content": "all is well", "format": "MARKDOWN"}}}
        ]
      }
    }
  JSON
}
