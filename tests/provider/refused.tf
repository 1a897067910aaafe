# Each resource is one mistake; the comment says which. Those marked "accepted" are left to the server by both providers.

resource "google_service_account" "too_short" { # account_id: 6 to 30 characters
  account_id = "short"
}

resource "google_service_account" "too_long" { # account_id: 6 to 30 characters
  account_id = "abcdefghijklmnopqrstuvwxyz-abcdefg"
}

resource "google_service_account" "upper_case" { # account_id: RFC 1035
  account_id = "Upper-Case"
}

resource "google_service_account" "long_description" { # description: 256 characters
  account_id  = "long-description"
  description = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
}

resource "google_service_account" "empty" { # account_id: 6 to 30 characters
  account_id = ""
}

resource "google_service_account_iam_member" "not_a_link" { # service_account_id: projects/…/serviceAccounts/…
  service_account_id = "train"
  role               = "roles/iam.serviceAccountUser"
  member             = "user:alice@example.com"
}

resource "google_service_account_iam_binding" "not_a_link" { # service_account_id: projects/…/serviceAccounts/…
  service_account_id = "train@groundwork-example.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountUser"
  members            = ["user:alice@example.com"]
}

resource "google_project_iam_member" "no_principal" { # member: kind:name
  project = "groundwork-example"
  role    = "roles/viewer"
  member  = "alice@example.com"
}

resource "google_project_iam_member" "deleted" { # member: not a deleted principal
  project = "groundwork-example"
  role    = "roles/viewer"
  member  = "deleted:user:alice@example.com?uid=1"
}

resource "google_project_iam_member" "everybody" { # accepted
  project = "groundwork-example"
  role    = "roles/viewer"
  member  = "allUsers"
}

resource "google_project_iam_binding" "one_of_two" { # members: kind:name
  project = "groundwork-example"
  role    = "roles/viewer"
  members = ["user:alice@example.com", "bob"]
}

resource "google_project_iam_binding" "nobody" { # accepted
  project = "groundwork-example"
  role    = "roles/viewer"
  members = []
}

resource "google_project_iam_custom_role" "dash" { # role_id: no dashes
  role_id     = "own-role"
  title       = "Own"
  permissions = ["storage.buckets.get"]
}

resource "google_project_iam_custom_role" "no_permission" { # permissions: at least one
  role_id     = "ownRole"
  title       = "Own"
  permissions = []
}

resource "google_project_iam_custom_role" "stage" { # stage: one of six
  role_id     = "ownRole"
  title       = "Own"
  stage       = "STABLE"
  permissions = ["storage.buckets.get"]
}

resource "google_project_service" "no_domain" { # service: a domain
  service = "secretmanager"
}

resource "google_project_service" "renamed" { # service: renamed
  service = "bigquery-json.googleapis.com"
}

resource "google_storage_bucket" "bad_name" { # accepted
  name     = "Not A Bucket!"
  location = "EU"
}

resource "google_storage_bucket" "label_key" { # labels: keys
  name     = "example"
  location = "EU"
  labels   = { Team = "cats" }
}

resource "google_storage_bucket" "state" { # with_state: one of three
  name     = "example"
  location = "EU"
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      with_state = "DEAD"
    }
  }
}

resource "google_storage_bucket" "no_condition" { # lifecycle_rule: a condition
  name     = "example"
  location = "EU"
  lifecycle_rule {
    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket" "two_versionings" { # versioning: one block
  name     = "example"
  location = "EU"
  versioning {
    enabled = true
  }
  versioning {
    enabled = false
  }
}

resource "google_storage_bucket" "empty_website" { # website: one of two
  name     = "example"
  location = "EU"
  website {
  }
}

resource "google_storage_bucket" "filter_mode" { # mode: one of two
  name     = "example"
  location = "EU"
  ip_filter {
    mode = "On"
  }
}

resource "google_storage_bucket" "filter_range" { # allowed_ip_cidr_ranges: ranges
  name     = "example"
  location = "EU"
  ip_filter {
    mode = "Enabled"
    public_network_source {
      allowed_ip_cidr_ranges = ["10.0.0.1"]
    }
  }
}

resource "google_storage_bucket" "filter_alone" { # allow_cross_org_vpcs: needs vpc_network_sources
  name     = "example"
  location = "EU"
  ip_filter {
    mode                 = "Enabled"
    allow_cross_org_vpcs = true
  }
}

resource "google_storage_bucket" "restriction" { # restriction_mode: one of two
  name     = "example"
  location = "EU"
  encryption {
    google_managed_encryption_enforcement_config {
      restriction_mode = "Restricted"
    }
  }
}

resource "google_storage_bucket" "no_number" { # age: a number
  name     = "example"
  location = "EU"
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = "old"
    }
  }
}

resource "google_storage_bucket" "unknown_argument" { # no such argument
  name     = "example"
  location = "EU"
  colour   = "blue"
}

resource "google_storage_bucket" "read_only" { # url: not to be set
  name     = "example"
  location = "EU"
  url      = "gs://example"
}

resource "google_storage_bucket" "no_location" { # location: required
  name = "example"
}

resource "google_storage_bucket_object" "both" { # content or source
  bucket  = "example"
  name    = "a"
  content = "a"
  source  = "/a"
}

resource "google_storage_bucket_object" "neither" { # content or source
  bucket = "example"
  name   = "a"
}

resource "google_storage_bucket_object" "two_holds" { # retention and event_based_hold exclude each other
  bucket           = "example"
  name             = "a"
  content          = "a"
  event_based_hold = true
  retention {
    mode              = "Locked"
    retain_until_time = "2031-01-01T00:00:00Z"
  }
}

resource "google_storage_bucket_object" "key" { # encryption_key: base64
  bucket  = "example"
  name    = "a"
  content = "a"
  customer_encryption {
    encryption_key = "not base64!"
  }
}

resource "google_secret_manager_secret" "no_replication" { # replication: required
  secret_id = "example"
}

resource "google_secret_manager_secret" "two_replications" { # auto or user_managed
  secret_id = "example"
  replication {
    auto {}
    user_managed {
      replicas {
        location = "europe-west1"
      }
    }
  }
}

resource "google_secret_manager_secret" "empty_replication" { # auto or user_managed
  secret_id = "example"
  replication {
  }
}

resource "google_secret_manager_secret" "no_replica" { # replicas: at least one
  secret_id = "example"
  replication {
    user_managed {
    }
  }
}

resource "google_secret_manager_secret" "rotation_alone" { # rotation: needs topics
  secret_id = "example"
  replication {
    auto {}
  }
  rotation {
    rotation_period    = "3600s"
    next_rotation_time = "2031-01-01T00:00:00Z"
  }
}

resource "google_secret_manager_secret" "rotation_half" { # next_rotation_time: needs rotation_period
  secret_id = "example"
  replication {
    auto {}
  }
  topics {
    name = "projects/groundwork-example/topics/rotation"
  }
  rotation {
    next_rotation_time = "2031-01-01T00:00:00Z"
  }
}

resource "google_secret_manager_secret" "ttl" { # accepted
  secret_id = "example"
  ttl       = "soon"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret" "timeout" { # create: a duration
  secret_id = "example"
  replication {
    auto {}
  }
  timeouts {
    create = "soon"
  }
}

resource "google_secret_manager_secret_version" "both" { # secret_data or secret_data_wo
  secret         = "example"
  secret_data    = "a"
  secret_data_wo = "b"
}

resource "google_secret_manager_secret_version" "neither" { # secret_data or secret_data_wo
  secret = "example"
}

resource "google_artifact_registry_repository" "mode" { # mode: one of three
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  mode          = "FAST"
}

resource "google_artifact_registry_repository" "format" { # accepted
  location      = "europe-west1"
  repository_id = "example"
  format        = "FLOPPY"
}

resource "google_artifact_registry_repository" "action" { # action: one of two
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  cleanup_policies {
    id     = "old"
    action = "BURN"
  }
}

resource "google_artifact_registry_repository" "tag_state" { # tag_state: one of three
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      tag_state = "SOME"
    }
  }
}

resource "google_artifact_registry_repository" "no_policy_id" { # id: required
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  cleanup_policies {
    action = "DELETE"
  }
}

resource "google_artifact_registry_repository" "two_modes" { # virtual and remote exclude each other
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  remote_repository_config {
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
  }
  virtual_repository_config {
  }
}

resource "google_artifact_registry_repository" "two_remotes" { # one kind of remote repository
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
    python_repository {
      public_repository = "PYPI"
    }
  }
}

resource "google_artifact_registry_repository" "public_and_custom" { # public_repository or custom_repository
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    docker_repository {
      public_repository = "DOCKER_HUB"
      custom_repository {
        uri = "https://example.com"
      }
    }
  }
}

resource "google_artifact_registry_repository" "hub" { # public_repository: one
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"
  remote_repository_config {
    docker_repository {
      public_repository = "QUAY"
    }
  }
}

resource "google_artifact_registry_repository" "scanning" { # enablement_config: one of two
  location      = "europe-west1"
  repository_id = "example"
  format        = "DOCKER"
  vulnerability_scanning_config {
    enablement_config = "ALWAYS"
  }
}

resource "google_artifact_registry_repository_iam_member" "no_principal" { # member: kind:name
  repository = "example"
  role       = "roles/artifactregistry.reader"
  member     = "bob"
}

resource "google_secret_manager_secret_iam_member" "two_conditions" { # condition: one block
  secret_id = "example"
  role      = "roles/secretmanager.secretAccessor"
  member    = "user:alice@example.com"
  condition {
    title      = "a"
    expression = "true"
  }
  condition {
    title      = "b"
    expression = "true"
  }
}

resource "google_storage_bucket_iam_member" "no_title" { # title: required
  bucket = "example"
  role   = "roles/storage.objectViewer"
  member = "user:alice@example.com"
  condition {
    expression = "true"
  }
}

resource "google_iam_workload_identity_pool" "reserved" { # workload_identity_pool_id: not gcp-
  workload_identity_pool_id = "gcp-pool"
}

resource "google_iam_workload_identity_pool" "short" { # workload_identity_pool_id: 4 to 32 characters
  workload_identity_pool_id = "abc"
}

resource "google_iam_workload_identity_pool" "upper_case" { # workload_identity_pool_id: lower case
  workload_identity_pool_id = "Pool"
}

resource "google_iam_workload_identity_pool" "mode" { # mode: one of three
  workload_identity_pool_id = "example"
  mode                      = "FEDERATED"
}

resource "google_iam_workload_identity_pool_provider" "nothing" { # one of aws, oidc, saml, x509
  workload_identity_pool_id          = "example"
  workload_identity_pool_provider_id = "example"
}

resource "google_iam_workload_identity_pool_provider" "two" { # one of aws, oidc, saml, x509
  workload_identity_pool_id          = "example"
  workload_identity_pool_provider_id = "example"
  aws {
    account_id = "999999999999"
  }
  oidc {
    issuer_uri = "https://example.com"
  }
}

resource "google_iam_workload_identity_pool_provider" "long" { # workload_identity_pool_provider_id: 4 to 32 characters
  workload_identity_pool_id          = "example"
  workload_identity_pool_provider_id = "abcdefghijklmnopqrstuvwxyz-0123456789"
  oidc {
    issuer_uri = "https://example.com"
  }
}

data "google_project" "bad" { # project_id: a project id
  project_id = "Not A Project"
}

ephemeral "google_secret_manager_secret_version" "set_value" { # secret_data comes from the API
  secret      = "one"
  secret_data = "value"
}

ephemeral "google_secret_manager_secret_version" "no_secret" { # secret is required
  secret = null
}

ephemeral "google_secret_manager_secret_version" "null_version" { # accepted
  secret  = "one"
  version = null
}

ephemeral "google_service_account_access_token" "not_an_email" { # target_service_account: an email
  target_service_account = "train"
  scopes                 = ["cloud-platform"]
}

ephemeral "google_service_account_access_token" "not_a_service_account" { # target_service_account: of a service account
  target_service_account = "alice@example.com"
  scopes                 = ["cloud-platform"]
}

ephemeral "google_service_account_access_token" "full_name" { # accepted
  target_service_account = "projects/-/serviceAccounts/train@groundwork-example.iam.gserviceaccount.com"
  scopes                 = []
}

ephemeral "google_service_account_access_token" "too_long" { # lifetime: an hour
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  lifetime               = "3601s"
}

ephemeral "google_service_account_access_token" "negative" { # lifetime: an hour
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  lifetime               = "-1s"
}

ephemeral "google_service_account_access_token" "no_unit" { # lifetime: a duration
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  lifetime               = "3600"
}

ephemeral "google_service_account_access_token" "hour" { # accepted
  target_service_account = "123-compute@developer.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  lifetime               = "1h"
}

ephemeral "google_service_account_access_token" "delegate" { # delegates: emails
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  delegates              = ["train"]
}

ephemeral "google_service_account_id_token" "alone" { # accepted
  target_audience = "https://service.example"
}

ephemeral "google_service_account_id_token" "not_an_email" { # target_service_account: an email
  target_audience        = "https://service.example"
  target_service_account = "train"
}

ephemeral "google_service_account_jwt" "at_once" { # expires_in: a second at least
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  payload                = "{}"
  expires_in             = 0
}

ephemeral "google_service_account_jwt" "half" { # expires_in: a whole number
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  payload                = "{}"
  expires_in             = 1.5
}

ephemeral "google_service_account_jwt" "not_json" { # accepted
  target_service_account = "train@groundwork-example.iam.gserviceaccount.com"
  payload                = "claims"
}

resource "google_compute_instance" "name" { # name: a label of a host
  name         = "Not_a_host"
  machine_type = "e2-medium"
  boot_disk {
    source = "boot"
  }
  network_interface {
    network = "default"
  }
}

resource "google_compute_instance" "nothing_to_boot" { # boot_disk: one of its attributes
  name         = "vm"
  machine_type = "e2-medium"
  boot_disk {
  }
  network_interface {
    network = "default"
  }
}

resource "google_compute_instance" "two_boots" { # accepted
  name         = "vm"
  machine_type = "e2-medium"
  boot_disk {
    source = "boot"
    initialize_params {
      image = "debian-12"
    }
  }
  network_interface {
    network = "default"
  }
}

resource "google_compute_instance" "words" { # mode, interface, size, desired_status, turbo_mode
  name           = "vm"
  machine_type   = "e2-medium"
  desired_status = "STOPPED"
  boot_disk {
    mode = "WRITE"
    initialize_params {
      size = 0
    }
  }
  scratch_disk {
    interface = "IDE"
    size      = 100
  }
  network_interface {
    network = "default"
    vlan    = 1
  }
  advanced_machine_features {
    turbo_mode = "FAST"
  }
}

resource "google_compute_instance" "empty_blocks" { # scheduling, shielded_instance_config: one of their attributes
  name         = "vm"
  machine_type = "e2-medium"
  boot_disk {
    source = "boot"
  }
  network_interface {
  }
  scheduling {
  }
  shielded_instance_config {
  }
}

resource "google_project_iam_policy" "no_json" { # policy_data: a policy
  project     = "groundwork-example"
  policy_data = "{"
}

resource "google_storage_bucket_iam_policy" "deleted" { # policy_data: members that are there
  bucket      = "models"
  policy_data = "{\"bindings\": [{\"role\": \"roles/viewer\", \"members\": [\"deleted:user:alice@example.com?uid=1\"]}]}"
}

resource "google_secret_manager_secret_iam_policy" "no_principal" { # policy_data: principals
  secret_id   = "token"
  policy_data = "{\"bindings\": [{\"role\": \"roles/viewer\", \"members\": [\"alice\"]}]}"
}

data "google_iam_policy" "deleted" { # members: not deleted
  binding {
    role    = "roles/viewer"
    members = ["deleted:user:alice@example.com?uid=1"]
  }
}

data "google_iam_policy" "no_principal" { # accepted
  binding {
    role    = "roles/viewer"
    members = ["alice"]
  }
}

resource "google_cloud_scheduler_job" "length" { # http_target.headers: not Content-Length
  name     = "length"
  region   = "europe-west1"
  schedule = "0 3 * * *"
  http_target {
    uri     = "https://example.com"
    headers = { "Content-Length" = "1" }
  }
}

resource "google_cloud_scheduler_job" "own_header" { # pubsub and HTTP targets: not X-Google-…
  name     = "own-header"
  region   = "europe-west1"
  schedule = "0 3 * * *"
  http_target {
    uri     = "https://example.com"
    headers = { "X-Google-Trace" = "1" }
  }
}

resource "google_pubsub_subscription" "long_filter" { # filter: 256 characters
  name   = "long-filter"
  topic  = "news"
  filter = "attributes.kind = \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\""
}

resource "google_compute_network" "upper_case" { # name: RFC 1035
  name = "Upper"
}

resource "google_compute_network" "routing" { # routing_mode: one of two
  name         = "routing"
  routing_mode = "LOCAL"
}

resource "google_storage_notification" "format" { # payload_format: one of two
  bucket         = "groundwork-example-in"
  payload_format = "XML"
  topic          = "projects/groundwork-example/topics/news"
}

resource "google_storage_notification" "topic" { # topic: without its host
  bucket         = "groundwork-example-in"
  payload_format = "NONE"
  topic          = "//pubsub.googleapis.com/projects/groundwork-example/topics/news"
}

resource "google_storage_notification" "event" { # event_types: four there are
  bucket         = "groundwork-example-in"
  payload_format = "NONE"
  topic          = "projects/groundwork-example/topics/news"
  event_types    = ["OBJECT_READ"]
}

data "google_pubsub_topic" "nameless" { # name: required
}

data "google_compute_image" "nothing" { # one of family, filter and name
  project = "debian-cloud"
}

data "google_compute_image" "both" { # only one of family, filter and name
  project = "debian-cloud"
  family  = "debian-12"
  name    = "debian-12-bookworm-v20261110"
}
