resource "google_billing_budget" "before_credits" {
  billing_account = "012345-6789AB-CDEF01"

  budget_filter {
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      units = "50"
    }
  }
}

resource "google_billing_budget" "without_the_free_tier" {
  billing_account = "012345-6789AB-CDEF01"

  budget_filter {
    credit_types_treatment = "INCLUDE_SPECIFIED_CREDITS"
    credit_types           = ["FREE_TIER"]
  }

  amount {
    specified_amount {
      units = "50"
    }
  }
}
