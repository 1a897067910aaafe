output "name" {
  description = "Name of the bucket, once its members may use it."
  value       = google_storage_bucket.bucket.name
  depends_on  = [google_storage_bucket_iam_binding.roles]
}

output "url" {
  description = "Address of the bucket for gcloud storage, DVC and Python, such as gs://my-project-data."
  value       = "gs://${google_storage_bucket.bucket.name}"
  depends_on  = [google_storage_bucket_iam_binding.roles]
}
