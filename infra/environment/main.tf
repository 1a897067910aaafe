locals {
  personas = jsondecode(file("${path.module}/../../modules/team_access/personas.json"))

  name    = trimsuffix(basename(var.path), ".yaml")
  decoded = yamldecode(file(var.path))

  # Maps of entries by name.
  parts = ["buckets", "builds", "functions", "identities", "jobs", "members", "repositories", "secrets", "services", "training", "workstations"]

  # Used only by the CLI.
  elsewhere = ["cloud", "cost", "policy"]

  # Terraform drops attributes that are not in the type: a misspelt key
  # would be silently ignored.
  unknown_keys = concat(
    [
      for key in keys(local.decoded) : key
      if !contains(concat(keys(var.values), local.elsewhere), key)
    ],
    flatten([
      for part in ["alerts", "budget", "github"] : [
        for key in keys(merge({}, lookup(local.decoded, part, null))) : "${part}.${key}"
        if !contains(keys(merge({}, var.values[part])), key)
      ]
    ]),
    flatten([
      for part in local.parts : [
        for name, entry in merge({}, lookup(local.decoded, part, null)) : [
          for key in keys(merge({}, entry)) : "${part}.${name}.${key}"
          if !contains(keys(merge({}, var.values[part][name])), key)
        ]
      ]
    ]),
  )

  empty_entries = concat(
    [for key, value in local.decoded : key if key == "alerts" && value == null],
    flatten([
      for part in local.parts : [
        for name, entry in merge({}, lookup(local.decoded, part, null)) : "${part}.${name}" if entry == null
      ]
    ]),
  )
}
