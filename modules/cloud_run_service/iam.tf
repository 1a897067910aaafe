resource "google_cloud_run_v2_service_iam_binding" "roles" {
  for_each = var.iam

  project  = google_cloud_run_v2_service.service.project
  location = google_cloud_run_v2_service.service.location
  name     = google_cloud_run_v2_service.service.name
  role     = each.key
  members  = each.value
}
