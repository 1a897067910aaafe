locals {
  # A pull request from anywhere can make a workflow run on the main branch by
  # pull_request_target, so the branch alone proves nothing.
  main_rule = "(assertion.ref == 'refs/heads/${var.branch}' && assertion.event_name in ['push', 'schedule', 'workflow_dispatch'])"
}

resource "google_iam_workload_identity_pool" "pool" {
  project                   = var.project_id
  workload_identity_pool_id = var.name
  display_name              = "GitHub Actions"
  description               = "Workflows of ${var.repository}."
}

resource "google_iam_workload_identity_pool_provider" "github" {
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.pool.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub"

  # All of GitHub shares one issuer. The owner's number stays when a name is
  # given up and taken by somebody else.
  attribute_condition = "assertion.repository == '${var.repository}' && assertion.repository_owner_id == '${var.owner_id}'"

  attribute_mapping = {
    "attribute.repository" = "assertion.repository"
    "attribute.rule"       = "${local.main_rule} ? 'main' : 'other'"
    "google.subject"       = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
