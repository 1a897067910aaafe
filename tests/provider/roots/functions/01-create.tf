locals {
  ids = {
    secret   = google_secret_manager_secret.one.id
    link     = "https://www.googleapis.com/compute/v1/projects/one/zones/europe-west1-b/instances/two"
    full     = "//run.googleapis.com/projects/one/locations/europe-west1/services/three"
    subnet   = "projects/one/regions/europe-west4/subnetworks/four"
    twice    = "projects/one/projects/two/regions/a/regions/b/zones/c/zones/d/locations/e/locations/f/x"
    lines    = "projects/on\ne/zones/a\n/name\n"
    slash    = "/"
    nothing  = "projects//zones//regions//locations//"
    word     = "europe-west1-b"
    hyphens  = "--"
    many     = "a-b\n-c-d\n"
    two      = "europe-west1"
    empty    = ""
    accented = "projects/é/zones/ß/regions/日本/locations/🦊/"
  }
}

resource "google_secret_manager_secret" "one" {
  secret_id = "one"
  replication {
    auto {}
  }
}

output "location" {
  value = { for name, id in local.ids : name => try(provider::google::location_from_id(id), "refused") }
}

output "name" {
  value = { for name, id in local.ids : name => try(provider::google::name_from_id(id), "refused") }
}

output "project" {
  value = { for name, id in local.ids : name => try(provider::google::project_from_id(id), "refused") }
}

output "region" {
  value = { for name, id in local.ids : name => try(provider::google::region_from_id(id), "refused") }
}

output "region_of_zone" {
  value = { for name, id in local.ids : name => try(provider::google::region_from_zone(id), "refused") }
}

output "zone" {
  value = { for name, id in local.ids : name => try(provider::google::zone_from_id(id), "refused") }
}
