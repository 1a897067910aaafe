resource "google_billing_budget" "as_google_does" {
  billing_account = "012345-6789AB-CDEF01"

  budget_filter {
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      units = "50"
    }
  }
}

resource "google_billing_budget" "after_promotions" {
  billing_account = "012345-6789AB-CDEF01"

  budget_filter {
    credit_types_treatment = "INCLUDE_SPECIFIED_CREDITS"
    credit_types           = ["PROMOTION"]
  }

  amount {
    specified_amount {
      units = "50"
    }
  }
}
