# Existing resources that are now in the file: `groundwork adopt` passes their
# import IDs, and they are imported instead of created. Once they are in the state,
# this has no effect.
import {
  for_each = var.adopted.buckets
  to       = module.buckets[each.key].google_storage_bucket.bucket
  id       = each.value
}

import {
  for_each = var.adopted.identities
  to       = module.identities[each.key].google_service_account.account
  id       = each.value
}

import {
  for_each = var.adopted.repositories
  to       = module.repositories[each.key].google_artifact_registry_repository.repository
  id       = each.value
}

import {
  for_each = var.adopted.secrets
  to       = module.secrets[each.key].google_secret_manager_secret.secret
  id       = each.value
}
