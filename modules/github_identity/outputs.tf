output "principals" {
  description = "IAM members: main is the deploying workflow on the main branch after a push, on schedule or by hand; branch is any workflow there, for less than that; repository is every workflow of it, pull requests included."
  value = {
    branch     = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.branch/main"
    main       = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.rule/main"
    repository = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.repository/${local.repository}"
  }
  depends_on = [google_iam_workload_identity_pool_provider.github]
}

output "provider" {
  description = "Full name of the provider, what google-github-actions/auth takes as workload_identity_provider."
  value       = google_iam_workload_identity_pool_provider.github.name
}
