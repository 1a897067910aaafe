resource "google_monitoring_alert_policy" "heard" {
  display_name = "errors"
  combiner     = "OR"

  notification_channels = ["projects/team-project/notificationChannels/1"]

  conditions {
    display_name = "errors"

    condition_threshold {
      filter     = "resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\""
      comparison = "COMPARISON_GT"
      duration   = "0s"
    }
  }
}
