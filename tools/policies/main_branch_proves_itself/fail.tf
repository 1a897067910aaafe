resource "google_iam_workload_identity_pool_provider" "everybody" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "everybody"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "'main'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "branch_alone" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "branch"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "assertion.ref == 'refs/heads/main' ? 'main' : 'other'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "event_alone" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "event"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "assertion.event_name in ['push'] ? 'main' : 'other'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "pull_request_target" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "target"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "(assertion.ref == 'refs/heads/main' && assertion.event_name in ['push', 'pull_request_target']) ? 'main' : 'other'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "second_way" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "second"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.rule" = "(assertion.ref == 'refs/heads/main' && assertion.event_name == 'push') || assertion.actor == 'alice' ? 'main' : 'other'"
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "any_workflow_after_anything" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "branch"
  attribute_condition                = "assertion.repository_owner_id == '1234567'"

  attribute_mapping = {
    "attribute.branch" = "(assertion.ref == 'refs/heads/main') ? 'main' : 'other'"
    "google.subject"   = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
