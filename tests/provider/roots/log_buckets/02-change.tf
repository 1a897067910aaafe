resource "google_logging_project_exclusion" "plain" {
  name        = "plain"
  filter      = "severity<ERROR"
  description = "new"
  disabled    = true
}
resource "google_logging_project_exclusion" "full" {
  name   = "full"
  filter = "resource.type=\"gce_instance\""
}
resource "google_logging_project_bucket_config" "plain" {
  project          = "groundwork-example"
  location         = "global"
  bucket_id        = "plain"
  description      = "new"
  retention_days   = 60
  enable_analytics = true
  index_configs {
    field_path = "jsonPayload.a"
    type       = "INDEX_TYPE_INTEGER"
  }
}
resource "google_logging_project_bucket_config" "full" {
  project          = "groundwork-example"
  location         = "europe-west1"
  bucket_id        = "full"
  enable_analytics = false
  locked           = true
}
resource "google_logging_project_bucket_config" "default" {
  project   = "groundwork-example"
  location  = "global"
  bucket_id = "_Default"
}
resource "google_logging_log_view" "plain" {
  name        = "plain"
  bucket      = google_logging_project_bucket_config.full.id
  description = "new"
  filter      = "LOG_ID(\"stderr\")"
}
resource "google_logging_log_view" "full" {
  name     = "full"
  parent   = "projects/groundwork-example"
  location = "global"
  bucket   = google_logging_project_bucket_config.plain.bucket_id
}
