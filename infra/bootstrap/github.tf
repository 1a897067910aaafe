locals {
  builds = length(local.environment.builds) > 0

  # It was authorised by hand, so it stays when the platform is destroyed.
  connection = {
    for github in local.environment.github[*] : local.names.connection => github if local.builds && github.connected
  }
}

import {
  for_each = local.connection

  to = module.github_connection[each.key].google_cloudbuildv2_connection.connection
  id = "projects/${local.environment.project}/locations/${local.environment.region}/connections/${each.key}"
}

module "github_connection" {
  source   = "../../modules/github_connection"
  for_each = local.connection

  project_id   = module.services.project_id
  name         = each.key
  location     = local.environment.region
  repositories = [each.value.repository]
}
