//! A crosswalk version as tables people edit.
