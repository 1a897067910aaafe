output "alerts" {
  description = "Full name of each alerting policy."
  value = merge(
    { for name, policy in google_monitoring_alert_policy.thresholds : name => policy.id },
    { for name, policy in google_monitoring_alert_policy.revisions : name => policy.id },
  )
}

output "dashboard" {
  description = "Full name of the dashboard."
  value       = google_monitoring_dashboard.dashboard.id
}
