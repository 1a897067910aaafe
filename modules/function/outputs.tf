output "name" {
  description = "Name of the function, once its members may call it."
  value       = google_cloudfunctions2_function.function.name
  depends_on  = [google_cloud_run_v2_service_iam_binding.roles]
}

output "url" {
  description = "Address of the function, once its members may call it."
  value       = google_cloudfunctions2_function.function.service_config[0].uri
  depends_on  = [google_cloud_run_v2_service_iam_binding.roles]
}
