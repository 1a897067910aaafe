locals {
  repository = lower(var.repository)

  # Numbers are never reused, unlike names, which can be given up and
  # taken by somebody else. GitHub's names are case-insensitive, its claims are not.
  this_repository = var.repository_id == null ? "assertion.repository.lowerAscii() == '${local.repository}'" : "assertion.repository_id == '${var.repository_id}'"

  # A pull request from anywhere can make a workflow run on the main branch by
  # pull_request_target, and any other workflow there would be as good as the
  # one that deploys: so branch, workflow and event must all match.
  deploys   = "assertion.workflow_ref.endsWith('/.github/workflows/${var.workflow}@refs/heads/${var.branch}')"
  on_main   = "assertion.workflow_ref.endsWith('@refs/heads/${var.branch}')"
  main_rule = "(assertion.ref == 'refs/heads/${var.branch}' && ${local.deploys} && assertion.event_name in ['push', 'schedule', 'workflow_dispatch'])"

  # Every workflow on the branch, for rights that are less than deploying everything.
  branch_rule = "(assertion.ref == 'refs/heads/${var.branch}' && ${local.on_main} && assertion.event_name in ['push', 'repository_dispatch', 'schedule', 'workflow_dispatch'])"
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

  # All of GitHub shares one issuer.
  attribute_condition = "assertion.repository_owner_id == '${var.owner_id}' && ${local.this_repository}"

  # A subject has at most 127 bytes; GitHub's own contains the names of repository
  # and branch and their numbers, and can be longer.
  attribute_mapping = {
    "attribute.branch"     = "${local.branch_rule} ? 'main' : 'other'"
    "attribute.repository" = "assertion.repository.lowerAscii()"
    "attribute.rule"       = "${local.main_rule} ? 'main' : 'other'"
    "google.subject"       = "'repository/' + assertion.repository_id + '/run/' + assertion.run_id"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
