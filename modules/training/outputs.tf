output "staging" {
  description = "Address of the staging bucket, once its members may use it."
  value       = google_storage_bucket.staging.url
  depends_on  = [google_storage_bucket_iam_binding.roles]
}

output "tensorboard" {
  description = "Full name of the TensorBoard, null without one."
  value       = one(values(google_vertex_ai_tensorboard.tensorboard)[*].id)
}
