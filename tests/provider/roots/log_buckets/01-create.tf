resource "google_logging_project_exclusion" "plain" {
  name   = "plain"
  filter = "severity<WARNING"
}
resource "google_logging_project_exclusion" "full" {
  name        = "full"
  project     = "groundwork-example"
  filter      = "resource.type=\"gce_instance\""
  description = "d"
  disabled    = true
}
resource "google_logging_project_bucket_config" "plain" {
  project   = "groundwork-example"
  location  = "global"
  bucket_id = "plain"
}
resource "google_logging_project_bucket_config" "full" {
  project          = "groundwork-example"
  location         = "europe-west1"
  bucket_id        = "full"
  description      = "d"
  retention_days   = 7
  enable_analytics = true
  index_configs {
    field_path = "jsonPayload.request.status"
    type       = "INDEX_TYPE_STRING"
  }
}
resource "google_logging_project_bucket_config" "default" {
  project        = "groundwork-example"
  location       = "global"
  bucket_id      = "_Default"
  retention_days = 10
}
resource "google_logging_log_view" "plain" {
  name   = "plain"
  bucket = google_logging_project_bucket_config.full.id
}
resource "google_logging_log_view" "full" {
  name        = "full"
  parent      = "projects/groundwork-example"
  location    = "global"
  bucket      = google_logging_project_bucket_config.plain.bucket_id
  description = "d"
  filter      = "SOURCE(\"projects/groundwork-example\") AND LOG_ID(\"stdout\")"
}
data "google_logging_log_view" "all" {
  parent   = "projects/groundwork-example"
  location = "global"
  bucket   = "_Default"
  name     = "_Default"
}
