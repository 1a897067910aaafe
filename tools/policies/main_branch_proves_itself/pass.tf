resource "google_iam_workload_identity_pool_provider" "branch_and_event" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "(assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'schedule', 'workflow_dispatch']) ? 'main' : 'other'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "no_rule" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "plain"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "any_workflow_on_main" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "branch"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.branch" = "(assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'repository_dispatch']) ? 'main' : 'other'"
    "google.subject"   = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
