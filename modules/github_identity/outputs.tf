output "principals" {
  description = "IAM members: `main` is the deploying workflow on the main branch, after a push, on a schedule or by hand; `branch` is any workflow on that branch, for lesser rights; `repository` is every workflow of the repository, including pull requests."
  value = {
    branch     = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.branch/main"
    main       = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.rule/main"
    repository = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.repository/${local.repository}"
  }
  depends_on = [google_iam_workload_identity_pool_provider.github]
}

output "provider" {
  description = "Full name of the provider, for workload_identity_provider of google-github-actions/auth."
  value       = google_iam_workload_identity_pool_provider.github.name
}
