resource "google_iam_workload_identity_pool_provider" "open" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "open"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "by_name_only" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "name"
  attribute_condition                = "assertion.repository_owner == 'team'"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "with_a_second_way_in" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "second"
  attribute_condition                = "assertion.repository_owner_id == '1234567' || assertion.ref == 'refs/heads/main'"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "turned_round" {
  project                            = "team-project"
  workload_identity_pool_id          = "github"
  workload_identity_pool_provider_id = "round"
  attribute_condition                = "!(assertion.repository_owner_id == '1234567')"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
