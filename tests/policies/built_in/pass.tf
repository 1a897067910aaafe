resource "google_storage_bucket" "tight" {
  project                     = "team-project"
  name                        = "team-models"
  location                    = "europe-west1"
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true
}

resource "google_project_iam_member" "own_account" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:trainer@team-project.iam.gserviceaccount.com"
}

resource "google_bigquery_dataset" "private" {
  project    = "team-project"
  dataset_id = "predictions"
  location   = "europe-west1"

  access {
    role          = "READER"
    user_by_email = "alice@example.com"
  }
}

resource "google_compute_firewall" "through_the_proxy" {
  project       = "team-project"
  name          = "ssh-through-the-proxy"
  network       = "default"
  source_ranges = ["35.235.240.0/20"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_instance" "closed" {
  project      = "team-project"
  name         = "workstation"
  machine_type = "e2-medium"
  zone         = "europe-west1-b"

  metadata = {
    block-project-ssh-keys = true
    enable-oslogin         = true
  }

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    network = "default"
  }

  service_account {
    email  = "trainer@team-project.iam.gserviceaccount.com"
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
  }

  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }
}

resource "google_workbench_instance" "closed" {
  project  = "team-project"
  name     = "notebook"
  location = "europe-west1-b"

  gce_setup {
    disable_public_ip = true
  }
}

module "by_commit" {
  source = "git::https://github.com/example-team/terraform-bucket.git?ref=2fe3a5b1f4b2c9a0d3e6f7a8b9c0d1e2f3a4b5c6"
}
