output "name" {
  description = "Name of the service, once its members may call it."
  value       = google_cloud_run_v2_service.service.name
  depends_on  = [google_cloud_run_v2_service_iam_binding.roles]
}

output "url" {
  description = "Address of the service, once its members may call it."
  value       = google_cloud_run_v2_service.service.uri
  depends_on  = [google_cloud_run_v2_service_iam_binding.roles]
}
